import type { Entry } from '../../core/adapter.ts'
import { decode } from './codec.ts'
import type { StoredEntry } from './protocol.ts'

/** The entry as its caller had it; `undefined` for a format of another time: to a cache, that is a miss. */
export function decodeEntry({ value, expiresAt }: StoredEntry): Entry | undefined {
  const decoded = decode(value)
  return decoded && { value: decoded.value, expiresAt }
}

/** What a settled promise gave: the value, or the failure thrown. */
export function given<T>(result: PromiseSettledResult<T> | undefined): T {
  if (result === undefined) throw new Error('The owner was not asked')
  if (result.status === 'rejected') throw result.reason
  return result.value
}

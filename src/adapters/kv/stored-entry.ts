import type { Entry } from '../../core/adapter.ts'
import { decode } from './codec.ts'
import type { StoredEntry } from './protocol.ts'

/** The entry as its caller had it; `undefined` for a format of another time: to a cache, that is a miss. */
export function decodeEntry({ value, expiresAt }: StoredEntry): Entry | undefined {
  const decoded = decode(value)
  return decoded && { value: decoded.value, expiresAt }
}

/** Whether two encoded entries are the same, deadline included. */
export function isSame(one: StoredEntry, other: StoredEntry): boolean {
  if (one.expiresAt !== other.expiresAt) return false
  const [a, b] = [one.value, other.value]
  if (typeof a === 'number' || typeof b === 'number') return a === b
  if (a.format !== b.format || a.data.length !== b.data.length) return false
  if (typeof a.data === 'string' || typeof b.data === 'string') return a.data === b.data
  const bytes = b.data
  return a.data.every((byte, index) => byte === bytes[index])
}

/** What a settled promise gave: the value, or the failure thrown. */
export function given<T>(result: PromiseSettledResult<T> | undefined): T {
  if (result === undefined) throw new Error('The owner was not asked')
  if (result.status === 'rejected') throw result.reason
  return result.value
}

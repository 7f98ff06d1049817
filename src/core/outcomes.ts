import type { Adapter, Entry, Op, Outcome } from './adapter.ts'
import { CacheError, quoteKey } from './errors.ts'

/** `true` when done, `false` when refused for a reason the method's answer has room for. */
export function accepted(outcome: Outcome | undefined, op: Op['kind'], key: string): boolean {
  if (outcome?.ok) return true
  if (outcome?.reason === 'exists' || outcome?.reason === 'missing') return false
  throw refused(outcome, op, key)
}

/** The number that `incr` left. */
export function counted(outcome: Outcome | undefined, key: string): number {
  if (outcome?.ok && outcome.value !== undefined) return outcome.value
  throw refused(outcome, 'incr', key)
}

/** What `pop` took, if there was anything to take. */
export function popped(outcome: Outcome | undefined, key: string): Entry | undefined {
  return accepted(outcome, 'pop', key) && outcome?.ok ? outcome.entry : undefined
}

/** The version a key now has, if it was there to be moved. */
export function moved(outcome: Outcome | undefined, version: number, key: string): number {
  if (outcome?.ok) return version
  throw refused(outcome, 'move', key)
}

function refused(outcome: Outcome | undefined, op: Op['kind'], key: string): CacheError {
  const doing = `Cannot ${op === 'incr' ? 'increment' : op} ${quoteKey(key)}`
  const reason = outcome === undefined || outcome.ok ? undefined : outcome.reason
  switch (reason) {
    case 'missing':
      return new CacheError('KEY_NOT_FOUND', `${doing}: it is missing or expired`, { key })
    case 'not-an-integer':
      return new CacheError('NOT_AN_INTEGER', `${doing}: its value is not a safe integer`, { key })
    case 'out-of-range':
      return new CacheError('OUT_OF_RANGE', `${doing}: the result would not be a safe integer`, { key })
    case 'too-large':
      return new CacheError(
        'VALUE_TOO_LARGE',
        `${doing}: the value is larger than the adapter can store (its maxBytes, or supports.maxValueBytes)`,
        { key },
      )
    case 'evicted':
      return new CacheError(
        'ADAPTER_FAILED',
        `${doing}: it was dropped for others of the same commit, which one change alone cannot be`,
        { key },
      )
    default:
      return new CacheError('ADAPTER_FAILED', `${doing}: the adapter gave no usable outcome`, { key })
  }
}

/** The store's own failure as what it is: never a miss. */
export function failed(adapter: Adapter, doing: string, cause: unknown): CacheError {
  if (cause instanceof CacheError) return cause
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new CacheError('ADAPTER_FAILED', `Cannot ${doing}: the ${adapter.name} adapter failed${why}`, {
    cause,
  })
}

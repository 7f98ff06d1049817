import type { Adapter, Entry, Outcome } from './adapter.ts'
import { ClockError } from './callbacks.ts'
import { CacheError, quoteKey } from './errors.ts'

// `method` is the name of the public method that was called, which begins the message of an error.

/** `true` when done, `false` when refused for a reason the method's answer has room for. */
export function accepted(outcome: Outcome | undefined, method: string, key: string): boolean {
  if (outcome?.ok) return true
  if (outcome?.reason === 'exists' || outcome?.reason === 'missing') return false
  throw refused(outcome, method, key)
}

/** The number that `incr` left. */
export function counted(outcome: Outcome | undefined, method: string, key: string): number {
  if (outcome?.ok && outcome.value !== undefined) return outcome.value
  throw refused(outcome, method, key)
}

/** What `pop` took, if there was anything to take. */
export function popped(outcome: Outcome | undefined, method: string, key: string): Entry | undefined {
  return accepted(outcome, method, key) && outcome?.ok ? outcome.entry : undefined
}

/** The version a key now has, if it was there to be moved. */
export function moved(outcome: Outcome | undefined, version: number, method: string, key: string): number {
  if (outcome?.ok) return version
  throw refused(outcome, method, key)
}

function refused(outcome: Outcome | undefined, method: string, key: string): CacheError {
  const failure = `${method}(${quoteKey(key)}) failed`
  const reason = outcome === undefined || outcome.ok ? undefined : outcome.reason
  switch (reason) {
    case 'missing':
      return new CacheError('KEY_NOT_FOUND', `${failure}: the key is missing or expired`, { key })
    case 'not-an-integer':
      return new CacheError('NOT_AN_INTEGER', `${failure}: the stored value is not a safe integer`, { key })
    case 'out-of-range':
      return new CacheError('OUT_OF_RANGE', `${failure}: the result would not be a safe integer`, { key })
    case 'too-large':
      return new CacheError(
        'VALUE_TOO_LARGE',
        `${failure}: the value is larger than the adapter can store (its maxBytes, or supports.maxValueBytes)`,
        { key },
      )
    case 'evicted':
      return new CacheError(
        'ADAPTER_FAILED',
        `${failure}: it was dropped for others of the same commit, which one change alone cannot be`,
        { key },
      )
    default:
      return new CacheError('ADAPTER_FAILED', `${failure}: the adapter gave no usable outcome`, { key })
  }
}

/** The store's own failure as what it is: never a miss. A broken clock is none of the store's. */
export function failed(adapter: Adapter, doing: string, cause: unknown): CacheError | ClockError {
  if (cause instanceof CacheError || cause instanceof ClockError) return cause
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new CacheError('ADAPTER_FAILED', `Cannot ${doing}: the ${adapter.name} adapter failed${why}`, {
    cause,
  })
}

import type { Outcome } from './adapter.ts'
import { ClockError } from './callbacks.ts'
import { CacheError, type CacheErrorCode, quoteKey } from './errors.ts'
import type { CountWithTtl } from './options.ts'

/** The call of an outcome. Error messages start with `method`. */
interface Call {
  readonly method: string
  readonly key: string
}

// These finish plans. They read the call from `this`, so that a plan needs no closure.

/** Returns `true` if the change was made, `false` if it was refused because of what is stored. */
export function accepted(this: Call, outcome: Outcome | undefined): boolean {
  if (outcome?.ok) return true
  if (outcome !== undefined && WITHOUT_ERROR.includes(outcome.reason)) return false
  throw refused(outcome, this)
}

const WITHOUT_ERROR: readonly string[] = ['exists', 'missing', 'claimed', 'superseded']

export function counted(this: Call, outcome: Outcome | undefined): number {
  if (outcome?.ok && outcome.value !== undefined) return outcome.value
  throw refused(outcome, this)
}

export function countedWithTtl(
  this: Call & { readonly now: number },
  outcome: Outcome | undefined,
): CountWithTtl {
  const value = counted.call(this, outcome)
  const { expiresAt } = outcome as Extract<Outcome, { ok: true }>
  if (expiresAt === undefined) throw refused(outcome, this)
  return { value, ttl: expiresAt === null ? null : Math.max(0, expiresAt - this.now) / 1000 }
}

export function moved(this: Call & { readonly to: number }, [outcome]: readonly Outcome[]): number {
  if (outcome?.ok) return this.to
  throw refused(outcome, this)
}

const REFUSALS: { readonly [reason: string]: readonly [code: CacheErrorCode, why: string] | undefined } = {
  missing: ['KEY_NOT_FOUND', 'the key is missing or expired'],
  'not-an-integer': ['NOT_AN_INTEGER', 'the stored value is not a safe integer'],
  'out-of-range': ['OUT_OF_RANGE', 'the result would not be a safe integer'],
  'too-large': [
    'VALUE_TOO_LARGE',
    'the value is larger than the adapter can store (its byte limit, or supports.maxValueBytes)',
  ],
}

function refused(outcome: Outcome | undefined, { method, key }: Call): CacheError {
  const reason = outcome === undefined || outcome.ok ? 'none' : outcome.reason
  const [code, why] = REFUSALS[reason] ?? [
    'ADAPTER_FAILED',
    `the adapter returned no usable outcome (${reason})`,
  ]
  return new CacheError(code, `${method}(${quoteKey(key)}) failed: ${why}`, { key })
}

/** Names the method in a failure of the store. A `CacheError` keeps its code, and a failed clock is returned as it is. */
export function adapterFailed(adapter: { readonly name: string }, method: string, cause: unknown): Error {
  if (cause instanceof ClockError) return cause
  if (cause instanceof CacheError) {
    const { code, message, key, estimate } = cause
    const reason = 'cause' in cause ? { cause: cause.cause } : {}
    return new CacheError(code, `${method} failed: ${message}`, { key, estimate, ...reason })
  }
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new CacheError('ADAPTER_FAILED', `${method} failed in the ${adapter.name} adapter${why}`, { cause })
}

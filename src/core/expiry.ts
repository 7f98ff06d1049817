import { hasRequests } from './request-scope.ts'

/** Seconds (fractions count); `null` = never expires; 0 or less = already expired. */
export type Timeout = number | null

/** The instant an entry dies, in epoch milliseconds, or `null` for never. `undefined` means `fallback`. */
export function expiresAt(timeout: Timeout | undefined, fallback: Timeout, now: number): number | null {
  const seconds = timeout === undefined ? fallback : timeout
  if (seconds === null) return null
  if (now === 0) refuseAtModuleScope()
  // A positive timeout is at least one tick: 0.0001 s is short, not "already expired".
  return seconds <= 0 ? now : now + Math.max(1, Math.round(seconds * 1000))
}

/**
 * In a Worker the time is 0 until the first request: what was stored at module scope with a timeout would be dead in each.
 * https://developers.cloudflare.com/workers/runtime-apis/performance/
 */
function refuseAtModuleScope(): void {
  // A clock that is given may well begin at 0, and so may a test's.
  if (!hasRequests() || Date.now() !== 0) return
  throw new TypeError(
    'A timeout needs the time, which a Worker does not know at module scope: store it in a request, or with timeout: null',
  )
}

/** Refuses what is not a timeout, so that a mistake never means "for ever" or "at once". */
export function checkTimeout(
  timeout: unknown,
  method: string,
  name = 'timeout',
): asserts timeout is Timeout | undefined {
  if (timeout === undefined || timeout === null) return
  if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
    const wrong = `${method} takes seconds, or null for never, for ${name}: got ${describeType(timeout)}`
    throw typeof timeout === 'number' ? new RangeError(wrong) : new TypeError(wrong)
  }
  if (timeout > MAX_SECONDS) {
    throw new RangeError(
      `${method} takes at most ${MAX_SECONDS} seconds for ${name}: got ${timeout}; pass null for never`,
    )
  }
}

/** About 100,000 years: far from where milliseconds since 1970 stop being exact. */
const MAX_SECONDS = 3_155_760_000_000

/** What a value is, for a message that says what was given. */
export function describeType(value: unknown): string {
  if (value === null || Number.isNaN(value)) return String(value)
  return typeof value === 'object' ? Object.prototype.toString.call(value).slice(8, -1) : typeof value
}

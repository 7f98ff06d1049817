import { hasRequests } from './request-scope.ts'

/** In seconds (fractions count). `null`: never expires. 0 or less: already expired. */
export type Timeout = number | null

/** Returns the deadline in epoch milliseconds, or `null` for never. `undefined` means `fallback`. */
export function expiresAt(timeout: Timeout | undefined, fallback: Timeout, now: number): number | null {
  const seconds = timeout === undefined ? fallback : timeout
  if (seconds === null) return null
  if (now === 0) refuseAtModuleScope()
  // A positive timeout is at least 1 ms, so that 0.0001 s does not mean "already expired".
  return seconds <= 0 ? now : now + Math.max(1, Math.round(seconds * 1000))
}

/**
 * Throws at module scope of a Worker. The time is 0 there, so an entry with a timeout would be expired in
 * every request. https://developers.cloudflare.com/workers/runtime-apis/performance/
 */
function refuseAtModuleScope(): void {
  // A user's or a test's clock may start at 0.
  if (!hasRequests() || Date.now() !== 0) return
  throw new TypeError(
    'A timeout needs the time, which a Worker does not have at module scope: write during a request, or pass timeout: null',
  )
}

/** Throws for anything that is not a timeout, so that a mistake never means "never" or "at once". */
export function checkTimeout(
  timeout: unknown,
  method: string,
  name = 'timeout',
  endless = 'never',
): asserts timeout is Timeout | undefined {
  if (timeout === undefined || timeout === null) return
  if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
    const wrong = `${method} takes seconds, or null for ${endless}, for ${name}: got ${describeType(timeout)}`
    throw typeof timeout === 'number' ? new RangeError(wrong) : new TypeError(wrong)
  }
  if (timeout > MAX_SECONDS) {
    throw new RangeError(
      `${method} takes at most ${MAX_SECONDS} seconds for ${name}: got ${timeout}; pass null for ${endless}`,
    )
  }
}

/** About 100,000 years. Epoch milliseconds stay exact far beyond that. */
const MAX_SECONDS = 3_155_760_000_000

/** Describes the type of a value for an error message. */
export function describeType(value: unknown): string {
  if (value === null || Number.isNaN(value)) return String(value)
  return typeof value === 'object' ? Object.prototype.toString.call(value).slice(8, -1) : typeof value
}

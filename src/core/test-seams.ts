import { describeType } from './expiry.ts'

/** What tests can replace to control time, randomness and waiting. The defaults use the platform. */
export interface TestSeams {
  /**
   * Returns the time in epoch milliseconds, to compute and check deadlines. Default `Date.now`. If it throws
   * or does not return a finite number, the call throws a `TypeError` and does nothing. In a Worker
   * `Date.now` returns 0 at module scope, so a write with a timeout throws a `TypeError` there.
   */
  readonly clock?: (() => number) | undefined
  /** Returns a number from 0 up to, but not including, 1, for lock tokens. Default: from `crypto.getRandomValues`. */
  readonly random?: (() => number) | undefined
  /** Waits for that many **milliseconds** between attempts of `alock`. Default: a timer. */
  readonly sleep?: ((milliseconds: number) => Promise<void>) | undefined
  /**
   * Calls `work` when the IndexedDB adapter may sweep expired entries. Default: at idle time, at the earliest
   * 5 s after use.
   */
  readonly whenIdle?: ((work: () => void) => void) | undefined
}

/** Returns a lock token, a safe integer. */
export function tokenOf(random: () => unknown): number {
  const fraction = random()
  if (typeof fraction === 'number' && fraction >= 0 && fraction < 1)
    return Math.floor(fraction * Number.MAX_SAFE_INTEGER)
  const got = typeof fraction === 'number' ? fraction : describeType(fraction)
  throw new TypeError(`random must return a number from 0 up to 1: got ${got}`)
}

/** 53 random bits as a fraction. `Math.random` may repeat in isolates that start alike. */
export function randomFraction(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
}

export function timerSleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

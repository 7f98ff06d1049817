import { describeType } from './expiry.ts'

/** What a test may replace to control time, randomness and waiting. Each default is the platform's own. */
export interface TestSeams {
  /**
   * The time in epoch milliseconds, for the instants at which entries expire. Default `Date.now`. Tests pass their own and
   * move it. A clock that throws or gives no finite number makes a call throw a `TypeError`, with nothing done. In a Worker
   * `Date.now` gives 0 at module scope, where a write with a timeout is therefore refused with a `TypeError`.
   */
  readonly clock?: (() => number) | undefined
  /** A number from 0 up to 1, for the tokens of locks. Default: from `crypto.getRandomValues`. */
  readonly random?: (() => number) | undefined
  /** Waits that many **milliseconds**, between the attempts of `alock`. Default: a timer. */
  readonly sleep?: ((milliseconds: number) => Promise<void>) | undefined
  /**
   * When the IndexedDB adapter sweeps expired entries: calls `work` once there is nothing better to do. Default: idle time, 5 s
   * after use at the earliest.
   */
  readonly whenIdle?: ((work: () => void) => void) | undefined
}

/** A token for a lock: a safe integer. */
export function tokenOf(random: () => unknown): number {
  const fraction = random()
  if (typeof fraction === 'number' && fraction >= 0 && fraction < 1)
    return Math.floor(fraction * Number.MAX_SAFE_INTEGER)
  const got = typeof fraction === 'number' ? fraction : describeType(fraction)
  throw new TypeError(`random must give a number from 0 up to 1: got ${got}`)
}

/** 53 random bits as a fraction: unlike `Math.random`, never the same in two isolates that started alike. */
export function randomFraction(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
}

/** Waits for a timer. */
export function timerSleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

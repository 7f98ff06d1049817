import { ASYNC_DISPOSE, DISPOSE } from './dispose.ts'

/**
 * A lock that is held. It lets go of itself only: once its timeout has passed and someone else holds the key, releasing
 * it changes nothing. Release it with `await using`, or by hand.
 */
export interface CacheLock extends AsyncDisposable {
  /** The key it was taken under. */
  readonly key: string
  /** `true` if this lock was still held and now is not; `false` if its time had run out before. */
  release(): Promise<boolean>
}

/** {@link CacheLock}, at once: `using lock = cache.lock(…)`. */
export interface SyncCacheLock extends Disposable {
  /** The key it was taken under. */
  readonly key: string
  /** `true` if this lock was still held and now is not; `false` if its time had run out before. */
  release(): boolean
}

export function heldLock(key: string, release: () => Promise<boolean>): CacheLock {
  return { key, release, [ASYNC_DISPOSE]: async () => void (await release()) }
}

export function heldSyncLock(key: string, release: () => boolean): SyncCacheLock {
  return { key, release, [DISPOSE]: () => void release() }
}

/**
 * A wait of so many milliseconds, in naps: short at first, never more than a quarter of a second. How long it has lasted is
 * measured by a monotonic clock, and is no less than the sum of the naps: the wall clock may jump or stand still, and in
 * tests a nap may take no time at all.
 */
export class Wait {
  readonly #milliseconds: number
  readonly #started = performance.now()
  #naps = 0
  #slept = 0

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Sleeps once: `false` without sleeping if the wait is over. */
  async nap(sleep: (milliseconds: number) => Promise<void>): Promise<boolean> {
    const left = this.#milliseconds - Math.max(this.#slept, performance.now() - this.#started)
    if (left <= 0) return false
    const nap = Math.min(10 * 2 ** this.#naps, MAX_NAP_MS, left)
    this.#naps += 1
    this.#slept += nap
    await sleep(nap)
    return true
  }
}

const MAX_NAP_MS = 250

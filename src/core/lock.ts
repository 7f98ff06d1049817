import { ASYNC_DISPOSE, DISPOSE } from './dispose.ts'

/**
 * A held lock. It releases only itself: if its timeout has passed and someone else holds the key, `release`
 * changes nothing. Release it with `await using`, or call `release`.
 */
export interface CacheLock extends AsyncDisposable {
  /** The key of the lock. */
  readonly key: string
  /** Releases the lock. Returns `true` if it was still held, `false` if its timeout had passed. */
  release(): Promise<boolean>
}

/** Synchronous {@link CacheLock}: `using lock = cache.lock(…)`. */
export interface SyncCacheLock extends Disposable {
  /** The key of the lock. */
  readonly key: string
  /** Releases the lock. Returns `true` if it was still held, `false` if its timeout had passed. */
  release(): boolean
}

export function heldLock(key: string, release: () => Promise<boolean>): CacheLock {
  return { key, release, [ASYNC_DISPOSE]: async () => void (await release()) }
}

export function heldSyncLock(key: string, release: () => boolean): SyncCacheLock {
  return { key, release, [DISPOSE]: () => void release() }
}

/**
 * Waits for a given time, in pauses that grow from 10 ms to a quarter of a second. The elapsed time is the
 * larger of a monotonic clock's and the sum of the pauses: the wall clock may jump or stand still, and in
 * tests a pause may take no time.
 */
export class Backoff {
  readonly #milliseconds: number
  readonly #started = performance.now()
  #pauses = 0
  #slept = 0

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Sleeps once. Returns `false` without sleeping if the time is over. */
  async pause(sleep: (milliseconds: number) => Promise<void>): Promise<boolean> {
    const left = this.#milliseconds - Math.max(this.#slept, performance.now() - this.#started)
    if (left <= 0) return false
    const duration = Math.min(10 * 2 ** this.#pauses, MAX_PAUSE_MS, left)
    this.#pauses += 1
    this.#slept += duration
    await sleep(duration)
    return true
  }
}

const MAX_PAUSE_MS = 250

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

/** How long to wait before each further attempt: soon at first, never more than a quarter of a second. */
export function pause(attempt: number, left: number): number {
  return Math.min(10 * 2 ** Math.min(attempt, 5), 250, left)
}

import type { Adapter, Supports } from '../../core/adapter.ts'
import type { TestSeams } from '../../core/test-seams.ts'
import type { Announcements } from './announcements.ts'
import type { EvictionPolicy } from './eviction-policy.ts'

export interface IndexedDBAdapterOptions extends Pick<TestSeams, 'whenIdle'> {
  /**
   * The name of the database, for nearcache alone. Tabs and workers of one origin that use the same name share its entries. A
   * database with object stores that nearcache did not make is refused with `INVALID_CACHE` and not changed.
   */
  readonly name: string
  /**
   * `'relaxed'` (default): a write is acknowledged when the operating system has it. `'strict'`: when the disk has it.
   * https://w3c.github.io/IndexedDB/#transaction-durability-hint
   */
  readonly durability?: 'relaxed' | 'strict' | undefined
  /** Seconds to wait for the database to open, after which a call fails. Default 10. Time in which the page cannot run does not count. */
  readonly openTimeout?: number | undefined
  /**
   * `lruLimits(…)` evicts the least recently used entries when there are too many, or when the storage is full. Default: no
   * entry is evicted before it expires, and a write to a full storage fails with `QUOTA_EXCEEDED`.
   */
  readonly limits?: (() => EvictionPolicy) | undefined
  /** `announcements()` of its own: announces the changes of this adapter to other tabs. Default: nothing is announced. */
  readonly announcements?: Announcements | undefined
  /**
   * Called with each fault that does not change the result of a call: an idle sweep or an announcement that failed, or a
   * subscriber or `whenIdle` that threw. A fault is an `Error` with the reason as its `cause`. Default: `console.warn`.
   */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

/** The adapter that stores entries, and its guarantees. */
export interface PlaceInUse {
  /** `'indexeddb'`, or the name of the fallback's adapter. */
  readonly name: string
  readonly supports: Supports
}

/** An {@link Adapter} on IndexedDB, with methods for the database behind it. */
export interface IndexedDBAdapter extends Adapter {
  /** The guarantees of the place in use: IndexedDB's, until a fallback was needed. Read it after {@link ready}. */
  readonly supports: Supports
  /** The option `announcements`. */
  readonly announcements: Announcements | undefined
  /**
   * Opens the database. Resolves with the place in use: IndexedDB, or the fallback.
   *
   * @throws {CacheError} `ADAPTER_FAILED` if it does not open and there is no fallback, `INVALID_CACHE` if it is not nearcache's.
   */
  ready(): Promise<PlaceInUse>
  /**
   * Removes expired entries. Resolves with their number, which is 0 on a fallback. Runs by itself when the page is idle.
   *
   * @param now - Epoch milliseconds. Default: the time of the last call, which follows the cache's `clock`. Before the first
   * call, `Date.now()`.
   */
  sweep(now?: number): Promise<number>
  /**
   * Asks the browser not to drop this origin's storage when it runs short. Resolves with `true` if it agreed, and with `false`
   * if it did not or cannot be asked. It may ask the user.
   */
  persist(): Promise<boolean>
}

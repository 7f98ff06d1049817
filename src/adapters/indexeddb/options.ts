import type { Adapter, Supports } from '../../core/adapter.ts'
import type { CacheChange } from './announcements.ts'

export interface IndexedDBAdapterOptions {
  /**
   * The database, for nearcache alone. Tabs and workers of one origin that use the same name share its entries. A database
   * with object stores that nearcache did not make is refused with `INVALID_CACHE`, and nothing in it is changed.
   */
  readonly name: string
  /**
   * `'relaxed'` (default): a write is acknowledged when the operating system has it. `'strict'`: when the disk has it.
   * https://w3c.github.io/IndexedDB/#transaction-durability-hint
   */
  readonly durability?: 'relaxed' | 'strict' | undefined
  /** At this many entries a write first makes room, by the same rule as in memory. Default `null`: as the quota allows. */
  readonly maxEntries?: number | null | undefined
  /** About how many bytes keys and values may take together, as estimated, before encoding. Default `null`. */
  readonly maxBytes?: number | null | undefined
  /** Making room drops one entry in `cullFrequency`, the least recently used; 0 drops all. Default 3, as Django's. */
  readonly cullFrequency?: number | undefined
  /**
   * Seconds to wait for the database to open before a call fails. Default 10. Time in which the page cannot run (a blocked
   * main thread, a breakpoint, sleep) does not count.
   */
  readonly openTimeout?: number | undefined
  /** Whether changes are announced to those who `subscribe`, here and in other tabs. Default `false`. */
  readonly announce?: boolean | undefined
  /**
   * Gives what to use, for as long as this adapter lives, where IndexedDB does not open (some private modes, storage
   * disabled, `openTimeout`). It is told why. Without it every call fails. If it throws, the call fails, and the next one
   * tries both again. It is not asked where the database is somebody else's.
   */
  readonly fallback?: ((reason: unknown) => Adapter | PromiseLike<Adapter>) | undefined
  /** When to sweep: calls `work` once there is nothing better to do. Default: idle time, 5 s after use at the earliest. */
  readonly whenIdle?: ((work: () => void) => void) | undefined
  /**
   * Hears of faults that change no answer: an idle sweep or an announcement that failed, a subscriber, `whenIdle` or
   * `fallback` that threw. Each is an `Error` that says what failed, with the reason as its `cause`. Default: `console.warn`.
   */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

/** Where entries are kept, and what that place promises. */
export interface PlaceInUse {
  /** `'indexeddb'`, or the name of the adapter that `fallback` gave. */
  readonly name: string
  readonly supports: Supports
}

/** What an IndexedDB adapter can do beside what every {@link Adapter} can. */
export interface IndexedDBAdapter extends Adapter {
  /** What the place in use promises: IndexedDB, until `fallback` was needed. Ask after {@link ready}. */
  readonly supports: Supports
  /**
   * Opens the database, and gives the place in use: IndexedDB, or what `fallback` gave.
   *
   * @throws {CacheError} `ADAPTER_FAILED` where neither is to be had, `INVALID_CACHE` where the database is somebody else's.
   */
  ready(): Promise<PlaceInUse>
  /**
   * Removes expired entries, and gives how many there were: 0 on a fallback. `now` is in epoch milliseconds. Default: what
   * the last call took for the time, so that it follows the cache's `clock`; before the first call, `Date.now()`. Runs by
   * itself when idle; await it where that matters.
   */
  sweep(now?: number): Promise<number>
  /**
   * Calls `listener` for each change announced by an adapter of this database with `announce: true`, in this tab and in
   * others, after it is stored. Until the function that it gives is called. Where there is no `BroadcastChannel`, and on a
   * fallback, it hears of the changes made through this adapter only.
   */
  subscribe(listener: (change: CacheChange) => void): () => void
  /**
   * Asks the browser not to drop this origin's storage when it runs short: `true` if it agreed, `false` also where there is
   * nobody to ask. It may ask the user.
   */
  persist(): Promise<boolean>
}

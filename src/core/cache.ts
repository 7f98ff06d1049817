import type { SetManyData } from './arguments.ts'
import type { Calls } from './calls.ts'
import { ASYNC_DISPOSE } from './dispose.ts'
import { getOrSet, type Loader } from './get-or-set.ts'
import { type CacheLock, heldLock, Wait } from './lock.ts'
import type {
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  PopOptions,
  ReadOptions,
  SetOptions,
  TimeoutOr,
  WaitingLockOptions,
} from './options.ts'
import type { Store } from './store.ts'

/** Django's low-level cache, asynchronously. Made by `createCache`; every method may be called at any time. */
export class AsyncCache {
  readonly #calls: Calls
  readonly #store: Store

  /** @internal Use `createCache`. */
  constructor(calls: Calls, store: Store) {
    this.#calls = calls
    this.#store = store
  }

  /**
   * Reads one key.
   *
   * Gives the stored value, or `options.default` (else `undefined`) when the key is missing or expired. A stored `null`
   * is a value. `T` is yours to claim: nothing checks it. The result is a copy of your own. At the edge it may be behind
   * by `adapter.supports.staleness` seconds, unless `options.fresh`.
   *
   * @throws {CacheError} `INVALID_KEY`; `ADAPTER_FAILED` when the store fails, never disguised as a miss.
   * @example
   * ```ts
   * await cache.aset('user:1', { name: 'Ada' })
   * const user = await cache.aget<{ name: string }>('user:1') // { name: 'Ada' }
   * const theme = await cache.aget('theme', { default: 'light' }) // 'light'
   * ```
   */
  aget<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>
  /** Reads one key, or gives `options.default` when it is missing or expired. A stored `null` is a value. */
  aget<T>(key: string, options: GetOptions<T> & { readonly default: T }): Promise<T>
  /** Reads one key, or gives `options.default` when it is missing or expired. A stored `null` is a value. */
  aget<T, D = null>(key: string, options: GetOptions<D> & { readonly default: D }): Promise<T | D>
  aget(key: string, options?: GetOptions<unknown>): Promise<unknown> {
    return this.#store.read(() => this.#calls.get('aget', key, options))
  }

  /**
   * Stores a value, over whatever was there.
   *
   * `timeout` is in **seconds** (fractions count): left out = the cache's default, `null` = never expires, 0 or less =
   * not cached, and the old value is gone. The value is copied before the call returns its promise.
   *
   * @throws {CacheError} `INVALID_VALUE` (the message has the path), `VALUE_TOO_LARGE`, `INVALID_KEY`, `ADAPTER_FAILED`.
   * @example
   * ```ts
   * await cache.aset('token', 'abc', 3600) // one hour
   * await cache.aset('draft', { body: '' }, { timeout: null, version: 2 })
   * ```
   */
  async aset(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<void> {
    await this.#store.change(() => this.#calls.set('aset', key, value, options))
  }

  /**
   * Stores a value only if the key is missing or expired: `true` if it was stored, `false` if the key is live.
   *
   * Atomic where the adapter `supports.atomic`: of any number of callers at once, exactly one gets `true`.
   *
   * @throws {CacheError} As {@link aset}.
   * @example
   * ```ts
   * if (await cache.aadd('lock:report', 1, 60)) {
   *   // only one caller is here, for at most 60 s
   * }
   * ```
   */
  aadd(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<boolean> {
    return this.#store.change(() => this.#calls.add('aadd', key, value, options))
  }

  /**
   * Reads a key, and on a miss stores and gives what `loader` gives.
   *
   * `timeout` is in **seconds**, as for {@link aset}. An async loader is awaited, for any time. Callers of a cold key at the
   * same time, on this adapter object, share one load and its error; each gets a copy of its own. If someone else stores the
   * key meanwhile, their value is given and kept. A loader that gives `undefined` has nothing to cache: `undefined` is given,
   * nothing stored. `null` is stored. Callers in other tabs, processes and isolates load for themselves.
   *
   * If a cache on this adapter object sets, deletes or clears the key while the loader runs, or changes it in another way, the
   * late result is given but not stored. Changes that other tabs, isolates or adapter objects make are not seen: a value stored
   * there is kept, but after a delete or clear there the late result is stored.
   *
   * @throws Whatever the loader throws (nothing is stored); `options.signal`'s reason when this caller leaves, which lets go
   *   of all that is the caller's at once;
   *   {@link CacheError} as {@link aset}: a loaded value that cannot be stored is an error, not a value.
   * @example
   * ```ts
   * const stats = await cache.agetOrSet('stats', async () => ({ users: 3 }), 300) // { users: 3 }
   * ```
   */
  async agetOrSet<T>(key: string, loader: Loader<T>, options?: TimeoutOr<GetOrSetOptions>): Promise<T> {
    return getOrSet(
      this.#calls,
      this.#store,
      this.#calls.getOrSet('agetOrSet', key, loader, options),
    ) as Promise<T>
  }

  /**
   * Gives a live key a new deadline, counted from now: `true`, or `false` if the key is missing or expired.
   *
   * `timeout` is in **seconds** and replaces the old deadline, it does not add to it. Left out = the cache's default,
   * `null` = never, 0 or less removes the key (and is still `true`). The value is not changed. Atomic where the adapter
   * `supports.atomic`.
   *
   * @throws {CacheError} `INVALID_KEY`, `ADAPTER_FAILED`.
   * @example
   * ```ts
   * await cache.aset('session:7', { user: 1 }, 60)
   * await cache.atouch('session:7', 3600) // true: one hour from now
   * ```
   */
  atouch(key: string, options?: TimeoutOr<SetOptions>): Promise<boolean> {
    return this.#store.change(() => this.#calls.touch('atouch', key, options))
  }

  /**
   * Removes a key: `true` if a live entry was removed, `false` if it was missing or expired.
   *
   * Atomic where the adapter `supports.atomic`: of any number of callers at once, one gets `true`.
   *
   * @throws {CacheError} `INVALID_KEY`, `ADAPTER_FAILED`.
   * @example
   * ```ts
   * await cache.aset('user:1', 'Ada')
   * await cache.adelete('user:1') // true
   * await cache.adelete('user:1') // false: there was none
   * ```
   */
  adelete(key: string, options?: KeyOptions): Promise<boolean> {
    return this.#store.change(() => this.#calls.delete('adelete', key, options))
  }

  /**
   * Tells whether a key is live. A stored `null` is there; an expired entry is not.
   *
   * @throws {CacheError} As {@link aget}.
   * @example
   * ```ts
   * await cache.aset('nothing', null)
   * await cache.ahasKey('nothing') // true
   * await cache.ahasKey('anything') // false
   * ```
   */
  ahasKey(key: string, options?: ReadOptions): Promise<boolean> {
    return this.#store.read(() => this.#calls.hasKey('ahasKey', key, options))
  }

  /**
   * Adds `delta` to a stored integer, in one atomic step where the adapter `supports.atomic`, and gives the result.
   * The deadline stays as it is.
   *
   * A missing or expired key fails, unless `options.initial` says where to count from: then it is created, with
   * `options.timeout`, in the same atomic step. A key that is there keeps its own deadline.
   *
   * @throws {CacheError} `KEY_NOT_FOUND` when missing or expired and no `initial` is given, `NOT_AN_INTEGER` for
   *   any other value, `OUT_OF_RANGE` beyond the safe integers; each leaves the entry as it was. `ADAPTER_FAILED`
   *   may mean that the store could not say whether it counted.
   * @example
   * ```ts
   * await cache.aadd('views', 0, null)
   * await cache.aincr('views') // 1
   * await cache.aincr('views', 10) // 11
   * await cache.aincr('requests:ada', 1, { initial: 0, timeout: 60 }) // 1
   * ```
   */
  aincr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.#store.change(() => this.#calls.incr('aincr', key, delta, options))
  }

  /**
   * Subtracts `delta`: {@link aincr} with the sign turned. May go below zero.
   *
   * @throws {CacheError} As {@link aincr}.
   * @example
   * ```ts
   * await cache.aset('stock', 3)
   * await cache.adecr('stock', 5) // -2
   * ```
   */
  adecr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.#store.change(() => this.#calls.decr('adecr', key, delta, options))
  }

  /**
   * Tells how many **seconds** a key has left: `null` if it never expires, `undefined` if it is missing or expired.
   *
   * @throws {CacheError} As {@link aget}.
   * @example
   * ```ts
   * await cache.aset('forever', 1, null)
   * await cache.attl('forever') // null
   * await cache.attl('nothing') // undefined
   * ```
   */
  attl(key: string, options?: ReadOptions): Promise<number | null | undefined> {
    return this.#store.read(() => this.#calls.ttl('attl', key, options))
  }

  /**
   * Takes a key out: gives its value and deletes it in one atomic step, so that of any number of callers one gets it.
   * Missing or expired gives `options.default`, else `undefined`. One step where the adapter `supports.atomic`.
   *
   * @throws {CacheError} `INVALID_KEY`; `ADAPTER_FAILED`, after which what was taken may be lost.
   * @example
   * ```ts
   * await cache.aset('one-time-code', '1234', 60)
   * await cache.apop('one-time-code') // '1234'
   * await cache.apop('one-time-code') // undefined
   * ```
   */
  apop<T = unknown>(key: string, options?: PopOptions): Promise<T | undefined>
  /** Takes a key out in one atomic step, or gives `options.default` when it is missing or expired. */
  apop<T>(key: string, options: PopOptions<T> & { readonly default: T }): Promise<T>
  /** Takes a key out in one atomic step, or gives `options.default` when it is missing or expired. */
  apop<T, D = null>(key: string, options: PopOptions<D> & { readonly default: D }): Promise<T | D>
  apop(key: string, options?: PopOptions<unknown>): Promise<unknown> {
    return this.#store.change(() => this.#calls.pop('apop', key, options))
  }

  /**
   * Takes a lock, or gives `undefined` if someone else holds it: for `options.timeout` **seconds** at most, after which it
   * is open again whatever became of its holder. With `options.wait` it keeps trying for that many seconds, as a monotonic
   * clock counts them: setting the computer's clock makes it neither longer nor shorter.
   *
   * Exclusive where the adapter `supports.atomic`: across tabs with IndexedDB, across isolates at the edge. The holder
   * can release only its own lock, never a later holder's. Work that outlives the timeout is no longer alone.
   *
   * @throws {RangeError} Without a timeout of more than 0: a lock that never opens hangs everybody.
   * @example
   * ```ts
   * await using lock = await cache.alock('report', { timeout: 30, wait: 5 })
   * if (lock === undefined) throw new Error('someone else is at it')
   * // alone here, until the end of the block
   * ```
   */
  async alock(key: string, options: WaitingLockOptions): Promise<CacheLock | undefined> {
    const lock = this.#calls.lock('alock', key, options, LOCKING)
    const wait = new Wait(lock.wait)
    do {
      if (await this.#store.commit(lock.take)) return heldLock(key, () => this.#store.commit(lock.release))
    } while (await wait.nap(this.#calls.options.sleep))
    return undefined
  }

  /**
   * Reads many keys in one trip: a Map of the live ones, under the caller's keys, in the order asked.
   *
   * Takes any iterable and walks it once; a key asked twice is there once. Missing and expired keys are not in it. Not a
   * snapshot across keys.
   *
   * @throws {CacheError} As {@link aget}. `TypeError` for a single text.
   * @example
   * ```ts
   * await cache.asetMany({ a: 1, b: null })
   * await cache.agetMany(['b', 'a', 'c']) // Map { 'b' => null, 'a' => 1 }
   * ```
   */
  agetMany<T = unknown>(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, T>> {
    return this.#store.read(() => this.#calls.getMany<T>('agetMany', keys, options))
  }

  /**
   * Stores many keys in one trip, all with one timeout (seconds), and gives the keys that could not be stored.
   *
   * Takes an object, a Map or an iterable of pairs. A value or key that cannot be cached at all rejects the call before
   * anything is stored. In the list are keys whose value is too large for the adapter, which hold nothing afterwards, and those
   * that were dropped again to make room for the others. Each key is one step; all together are where the adapter `supports.atomicBatch`.
   *
   * @throws {CacheError} As {@link aset}, but for `VALUE_TOO_LARGE`.
   * @example
   * ```ts
   * const failed = await cache.asetMany({ 'user:1': 'Ada', 'user:2': 'Grace' }, 3600) // []
   * ```
   */
  asetMany(data: SetManyData, options?: TimeoutOr<SetOptions>): Promise<string[]> {
    return this.#store.commit(() => this.#calls.setMany('asetMany', data, options))
  }

  /**
   * Removes many keys in one trip. Missing ones are ignored; any iterable will do.
   *
   * @throws {CacheError} `INVALID_KEY`, `ADAPTER_FAILED`. `TypeError` for a single text.
   * @example
   * ```ts
   * await cache.asetMany({ a: 1, b: 2 })
   * await cache.adeleteMany(['a', 'x'])
   * await cache.agetMany(['a', 'b']) // Map { 'b' => 2 }
   * ```
   */
  adeleteMany(keys: Iterable<string>, options?: KeyOptions): Promise<void> {
    return this.#store.commit(() => this.#calls.deleteMany('adeleteMany', keys, options))
  }

  /**
   * Moves a key to its version + `delta` and gives that version. Value and **remaining** time move along; what was at
   * the new version is replaced. Atomic where both live together: always in memory and IndexedDB, at the edge with
   * the default key function. `delta` 0 moves nothing.
   *
   * @throws {CacheError} `KEY_NOT_FOUND` when missing or expired at that version. `TypeError` for a text version.
   * @example
   * ```ts
   * await cache.aset('config', { dark: true }, { version: 1 })
   * await cache.aincrVersion('config') // 2
   * await cache.aget('config', { version: 2 }) // { dark: true }
   * ```
   */
  aincrVersion(key: string, delta = 1, options?: KeyOptions): Promise<number> {
    return this.#store.commit(() => this.#calls.incrVersion('aincrVersion', key, delta, options))
  }

  /**
   * {@link aincrVersion} with the sign turned. May go to 0 and below.
   *
   * @throws {CacheError} As {@link aincrVersion}.
   * @example
   * ```ts
   * await cache.aset('config', { dark: true }, { version: 2 })
   * await cache.adecrVersion('config', 1, { version: 2 }) // 1
   * ```
   */
  adecrVersion(key: string, delta = 1, options?: KeyOptions): Promise<number> {
    return this.#store.commit(() => this.#calls.decrVersion('adecrVersion', key, delta, options))
  }

  /**
   * Removes every entry of this cache's `keyPrefix`, all versions of it; without a prefix, every entry in the store.
   * Never touches what is not nearcache's own. At the edge, copies near other readers go somewhat later.
   *
   * @throws {CacheError} `ADAPTER_FAILED`; at the edge a part may then be cleared. It can be called again.
   * @example
   * ```ts
   * await cache.aset('page', 'html')
   * await cache.aclear()
   * await cache.ahasKey('page') // false
   * ```
   */
  aclear(): Promise<void> {
    return this.#store.clear()
  }

  /**
   * Releases what the adapter holds open (a database connection). Entries stay; the next call opens it again.
   *
   * @example
   * ```ts
   * await cache.aset('answer', 42)
   * await cache.aclose()
   * await cache.aget('answer') // 42
   * ```
   */
  aclose(): Promise<void> {
    return this.#store.close()
  }

  /** `await using cache = createCache(…)` closes it at the end of the block. */
  declare [Symbol.asyncDispose]: () => Promise<void>

  static {
    AsyncCache.prototype[ASYNC_DISPOSE] = function (this: AsyncCache): Promise<void> {
      return this.aclose()
    }
  }
}

const LOCKING: readonly string[] = ['version', 'timeout', 'wait']

import type { SetManyData } from './arguments.ts'
import { type Calls, LIST_ENTRY_OPTIONS, LIST_KEY_OPTIONS, WAITING_LOCK_OPTIONS } from './calls.ts'
import { ASYNC_DISPOSE } from './dispose.ts'
import { getOrSet } from './get-or-set.ts'
import { listEntries, listKeys } from './list.ts'
import type { Loader } from './loader.ts'
import { Backoff, type CacheLock, heldLock } from './lock.ts'
import type { CacheStats } from './metrics.ts'
import type {
  CountWithTtl,
  EntryOptions,
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  ListOptions,
  PopOptions,
  ReadOptions,
  SetOptions,
  TimeoutOr,
  TouchOptions,
  WaitingLockOptions,
} from './options.ts'
import type { Schema } from './schema.ts'
import type { Store } from './store.ts'
import { type CacheChange, type CacheEntry, subscribe } from './subscribe.ts'

/**
 * Django's low-level cache API, asynchronous. Create one with `createCache`. Every method may be called at
 * any time.
 */
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
   * Resolves to the stored value. If the key is missing or expired, resolves to `options.default`, else
   * `undefined`. A stored `null` is a value. `T` is not checked. The result is a copy that you may change. At
   * the edge it may be stale by `adapter.supports.staleness` seconds, unless you pass `options.fresh`.
   *
   * @throws {CacheError} `INVALID_KEY`; `ADAPTER_FAILED` if the store fails, which is not a miss.
   * @example
   * ```ts
   * await cache.aset('user:1', { name: 'Ada' })
   * const user = await cache.aget<{ name: string }>('user:1') // { name: 'Ada' }
   * const theme = await cache.aget('theme', { default: 'light' }) // 'light'
   * ```
   */
  aget<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>
  /** Reads one key, or resolves to `options.default` if it is missing or expired. A stored `null` is a value. */
  aget<T>(key: string, options: GetOptions<T> & { readonly default: T }): Promise<T>
  /** Reads one key, or resolves to `options.default` if it is missing or expired. A stored `null` is a value. */
  aget<T, D = null>(key: string, options: GetOptions<D> & { readonly default: D }): Promise<T | D>
  aget(key: string, options?: GetOptions<unknown>): Promise<unknown> {
    return this.#store.read(() => this.#calls.get('aget', key, options))
  }

  /**
   * Stores a value and replaces the old one.
   *
   * `timeout` is in **seconds** (fractions count). Left out: the cache's default. `null`: never expires. 0 or
   * less: the value is not stored, and the old value is removed. The value is copied before the call returns
   * its promise.
   *
   * @throws {CacheError} `INVALID_VALUE` (the message has the path), `VALUE_TOO_LARGE`, `INVALID_KEY`,
   *   `ADAPTER_FAILED`.
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
   * Stores a value only if the key is missing or expired. Resolves to `true` if it was stored, `false` if the
   * key is live.
   *
   * Atomic if the adapter `supports.atomic`: of any number of concurrent callers, exactly one gets `true`.
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
   * Reads a key. On a miss, calls `loader`, stores the result and resolves to it.
   *
   * One load runs at a time per key: concurrent callers share it and its error, and each gets its own copy. If
   * the adapter `supports.sharedLoads`, this also holds across tabs, isolates and requests; there, if a load
   * fails, the next caller that waits runs its own loader. If the loader returns `undefined`, the call resolves
   * to `undefined` and nothing is stored. `null` is stored. The loader gets a {@link LoadContext}.
   *
   * A change of the key while the loader runs wins: the loaded value goes to those who wait for it, and is not
   * stored. That holds for set, delete, clear, version moves and tags, in this process and, with
   * `supports.sharedLoads`, in all others.
   *
   * `timeout`, `staleWhileRevalidate` and `staleIfError` are in **seconds**. A value within
   * `staleWhileRevalidate` after its timeout is returned at once, and a new one is loaded in the background. If
   * that fails, `onEvent` is told, or else `onWarning`.
   *
   * @throws Whatever the loader throws, unless `staleIfError` allows the old value; nothing is stored. The
   *   reason of `options.signal` if it aborts. `TimeoutError` after `hardTimeout`. {@link CacheError} as {@link
   *   aset}: a loaded value that cannot be stored, or does not fit the `schema`, is an error.
   * @example
   * ```ts
   * const stats = await cache.agetOrSet('stats', async () => ({ users: 3 }), 300) // { users: 3 }
   * const options = { timeout: 60, staleWhileRevalidate: 600, tags: ['pages'] }
   * await cache.agetOrSet('page', async () => 'html', options) // 'html'
   * ```
   */
  agetOrSet<Output>(
    key: string,
    loader: Loader<unknown>,
    options: GetOrSetOptions & { readonly schema: Schema<Output> },
  ): Promise<Output>
  /** Reads a key. On a miss, calls `loader`, stores the result and resolves to it. */
  agetOrSet<T>(key: string, loader: Loader<T>, options?: TimeoutOr<GetOrSetOptions>): Promise<T>
  async agetOrSet(
    key: string,
    loader: Loader<unknown>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<unknown> {
    return getOrSet(this.#calls, this.#store, this.#calls.getOrSet('agetOrSet', key, loader, options))
  }

  /**
   * Sets a new deadline for a live key, counted from now. Resolves to `true`, or `false` if the key is
   * missing or expired.
   *
   * `timeout` is in **seconds**. It replaces the old deadline and does not add to it. Left out: the cache's
   * default. `null`: never expires. 0 or less: the key is removed, and the result is still `true`. The value
   * does not change. Atomic if the adapter `supports.atomic`.
   *
   * @throws {CacheError} `INVALID_KEY`, `ADAPTER_FAILED`.
   * @example
   * ```ts
   * await cache.aset('session:7', { user: 1 }, 60)
   * await cache.atouch('session:7', 3600) // true: one hour from now
   * ```
   */
  atouch(key: string, options?: TimeoutOr<TouchOptions>): Promise<boolean> {
    return this.#store.change(() => this.#calls.touch('atouch', key, options))
  }

  /**
   * Removes a key. Resolves to `true` if a live entry was removed, `false` if the key was missing or expired.
   *
   * Atomic if the adapter `supports.atomic`: of any number of concurrent callers, one gets `true`.
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
   * Makes a key stale now, as if its timeout had passed. `agetOrSet` returns it as long as its
   * `staleWhileRevalidate` and `staleIfError` allow. A value without these is removed. Resolves to `true` if the
   * key was live.
   *
   * @throws {CacheError} `INVALID_KEY`, `ADAPTER_FAILED`.
   * @example
   * ```ts
   * await cache.aset('news', 'old', { timeout: 60, staleWhileRevalidate: 600 })
   * await cache.aexpire('news') // true
   * await cache.aget('news') // undefined
   * await cache.agetOrSet('news', async () => 'new') // 'old', and loads 'new' in the background
   * ```
   */
  aexpire(key: string, options?: KeyOptions): Promise<boolean> {
    return this.#store.change(() => this.#calls.expire('aexpire', key, options))
  }

  /**
   * Removes every value with one of the tags, in all versions, of this cache's `keyPrefix`. What was written
   * after the call stays. What was being loaded when it began is not stored.
   *
   * Atomic in memory and IndexedDB. At the edge each owner does its part at once, and replicas near other
   * readers disappear somewhat later, as after `aclear`.
   *
   * @throws {CacheError} `UNSUPPORTED` if the adapter does not `supports.tags`. `ADAPTER_FAILED`; at the edge some
   *   values may be removed already. Call it again.
   * @example
   * ```ts
   * await cache.aset('post:1', 'text', { tags: ['posts', 'user:7'] })
   * await cache.adeleteTags('user:7')
   * await cache.ahasKey('post:1') // false
   * ```
   */
  adeleteTags(...tags: string[]): Promise<void> {
    return this.#store.deleteTags(() => this.#calls.tags('adeleteTags', 'delete', tags))
  }

  /**
   * Makes every value with one of the tags stale: {@link aexpire} for tags. `agetOrSet` returns the old values
   * while it loads new ones, as long as their `staleWhileRevalidate` and `staleIfError` allow.
   *
   * @throws {CacheError} As {@link adeleteTags}.
   * @example
   * ```ts
   * await cache.aset('post:1', 'text', { tags: ['posts'], staleWhileRevalidate: 600 })
   * await cache.aexpireTags('posts')
   * await cache.ahasKey('post:1') // false
   * await cache.agetOrSet('post:1', async () => 'new text') // 'text'
   * ```
   */
  aexpireTags(...tags: string[]): Promise<void> {
    return this.#store.deleteTags(() => this.#calls.tags('aexpireTags', 'expire', tags))
  }

  /**
   * Reads a key with what is known of it: its age, the seconds it has left, whether it is stale, and its tags.
   * The only read besides `agetOrSet` that returns stale values. `undefined` if there is none.
   *
   * @throws {CacheError} As {@link aget}.
   * @example
   * ```ts
   * await cache.aset('news', 'text', { timeout: 60, keepAge: true })
   * const entry = await cache.aentry<string>('news')
   * entry?.value // 'text'
   * entry?.isStale // false
   * Math.round(entry?.age ?? 0) // 0: seconds since it was stored
   * ```
   */
  aentry<T = unknown>(key: string, options?: EntryOptions): Promise<CacheEntry<T> | undefined> {
    return this.#store.read(() => this.#calls.entryOf('aentry', key, options)) as Promise<
      CacheEntry<T> | undefined
    >
  }

  /**
   * Calls `listener` after changes of this cache's keys, at its own `version`, and of its tags, until the
   * returned function is called. Locks are not reported.
   *
   * Hears of every change through caches on the same adapter object. Of other tabs' changes, if the adapter
   * tells of them: `indexedDBAdapter` with `announcements()`. An exception in the listener goes to
   * `console.error`.
   *
   * @throws {TypeError} If `listener` is not a function, or with a custom `keyFunction`, whose keys cannot be
   *   turned back.
   * @example
   * ```ts
   * const stop = cache.subscribe((change) => console.log(change))
   * await cache.aset('answer', 42) // logs { kind: 'changed', keys: ['answer'] }
   * stop()
   * ```
   */
  subscribe(listener: (change: CacheChange) => void): () => void {
    return subscribe(this.#calls, listener)
  }

  /**
   * Counts what this cache object has read and loaded since it was created.
   * @example
   * ```ts
   * await cache.aget('nothing')
   * cache.stats().misses // 1
   * ```
   */
  stats(): CacheStats {
    return this.#calls.metrics.stats
  }

  /**
   * Checks whether a key is live. A key that holds `null` is live. An expired one is not.
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
   * Adds `delta` to a stored integer and resolves to the result. The deadline does not change. Atomic if the
   * adapter `supports.atomic`.
   *
   * If the key is missing or expired, the call fails, unless `options.initial` is given. Then the counter is
   * created as `initial + delta`, with `options.timeout`, in the same atomic step. An existing counter keeps
   * its own deadline.
   *
   * @throws {CacheError} `KEY_NOT_FOUND` if the key is missing or expired and `initial` is not given,
   *   `NOT_AN_INTEGER` for any other value, `OUT_OF_RANGE` if the result would not be a safe integer. Each
   *   leaves the entry unchanged. After `ADAPTER_FAILED` the number may or may not have changed.
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
   * Counts like {@link aincr}, and resolves to the result with the seconds that the counter has left: what a rate
   * limit needs, in one atomic step.
   *
   * @throws {CacheError} As {@link aincr}.
   * @example
   * ```ts
   * await cache.aincrWithTtl('requests:ada', 1, { initial: 0, timeout: 60 }) // { value: 1, ttl: 60 }
   * ```
   */
  aincrWithTtl(key: string, delta = 1, options?: IncrOptions): Promise<CountWithTtl> {
    return this.#store.change(() => this.#calls.incrWithTtl('aincrWithTtl', key, delta, options))
  }

  /**
   * Subtracts `delta` from a stored integer, like {@link aincr} with the opposite sign. The result may be
   * negative.
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
   * Resolves to the **seconds** that a key has left: `null` if it never expires, `undefined` if it is missing
   * or expired.
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
   * Removes a key and resolves to its value. If the key is missing or expired, resolves to `options.default`,
   * else `undefined`.
   *
   * Atomic if the adapter `supports.atomic`: of any number of concurrent callers, one gets the value.
   *
   * @throws {CacheError} `INVALID_KEY`; `ADAPTER_FAILED`, after which the removed value may be lost.
   * @example
   * ```ts
   * await cache.aset('one-time-code', '1234', 60)
   * await cache.apop('one-time-code') // '1234'
   * await cache.apop('one-time-code') // undefined
   * ```
   */
  apop<T = unknown>(key: string, options?: PopOptions): Promise<T | undefined>
  /** Removes a key and resolves to its value, or to `options.default` if it is missing or expired. */
  apop<T>(key: string, options: PopOptions<T> & { readonly default: T }): Promise<T>
  /** Removes a key and resolves to its value, or to `options.default` if it is missing or expired. */
  apop<T, D = null>(key: string, options: PopOptions<D> & { readonly default: D }): Promise<T | D>
  apop(key: string, options?: PopOptions<unknown>): Promise<unknown> {
    return this.#store.change(() => this.#calls.pop('apop', key, options))
  }

  /**
   * Acquires a lock for at most `options.timeout` **seconds**, or resolves to `undefined` if someone else
   * holds it. After the timeout the lock is free again, even if its holder died. With `options.wait` the call
   * retries for that many seconds. A monotonic clock measures them, so that changes of the system time do not
   * matter.
   *
   * Exclusive if the adapter `supports.atomic`: across tabs with IndexedDB, across isolates at the edge. The
   * holder can release only its own lock, never a later holder's. Work that takes longer than the timeout is
   * no longer exclusive.
   *
   * @throws {RangeError} If the timeout is not more than 0: a lock must open again if its holder dies.
   * @example
   * ```ts
   * await using lock = await cache.alock('report', { timeout: 30, wait: 5 })
   * if (lock === undefined) throw new Error('the report is being made elsewhere')
   * // exclusive until the end of the block
   * ```
   */
  async alock(key: string, options: WaitingLockOptions): Promise<CacheLock | undefined> {
    const lock = this.#calls.lock('alock', key, options, WAITING_LOCK_OPTIONS)
    const backoff = new Backoff(lock.wait)
    do {
      if (await this.#store.commit(lock.take)) return heldLock(key, () => this.#store.commit(lock.release))
    } while (await backoff.pause(this.#calls.options.sleep))
    return undefined
  }

  /**
   * Reads many keys in one batch. Resolves to a Map of the live ones, under the caller's keys, in the order
   * of `keys`.
   *
   * Accepts any iterable and iterates it once. A repeated key appears once. Missing and expired keys are left
   * out. The result is not a snapshot across keys.
   *
   * @throws {CacheError} As {@link aget}. `TypeError` for a single string.
   * @example
   * ```ts
   * await cache.asetMany({ a: 1, b: null })
   * await cache.agetMany(['b', 'a', 'c']) // Map { 'b' => null, 'a' => 1 }
   * ```
   */
  async agetMany<T = unknown>(keys: Iterable<string>, options?: EntryOptions): Promise<Map<string, T>> {
    return this.#store.read(() => this.#calls.getMany<T>('agetMany', keys, options))
  }

  /**
   * Stores many keys in one batch, all with one timeout in seconds. Resolves to the keys that could not be
   * stored.
   *
   * Accepts an object, a Map or an iterable of pairs. If any key or value cannot be cached at all, the call
   * rejects and nothing is stored. The result lists the keys whose value is too large for the adapter, which
   * are missing afterwards, and the keys that were evicted to make space for the others. Each key is stored
   * atomically. The whole batch is atomic if the adapter `supports.atomicBatch`.
   *
   * @throws {CacheError} As {@link aset}, except `VALUE_TOO_LARGE`.
   * @example
   * ```ts
   * const failed = await cache.asetMany({ 'user:1': 'Ada', 'user:2': 'Grace' }, 3600) // []
   * ```
   */
  asetMany(data: SetManyData, options?: TimeoutOr<SetOptions>): Promise<string[]> {
    return this.#store.commit(() => this.#calls.setMany('asetMany', data, options))
  }

  /**
   * Removes many keys in one batch. Accepts any iterable and ignores missing keys.
   *
   * @throws {CacheError} `INVALID_KEY`, `ADAPTER_FAILED`. `TypeError` for a single string.
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
   * Moves a key from its version to version + `delta`, and resolves to the new version. The value and its
   * **remaining** time move along. An entry at the new version is replaced. Atomic if both versions are
   * stored in one place: always in memory and IndexedDB, at the edge with the default key function. A `delta`
   * of 0 changes nothing.
   *
   * @throws {CacheError} `KEY_NOT_FOUND` if the key is missing or expired at that version. `TypeError` for a
   *   string version.
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
   * Moves a key to version − `delta`, like {@link aincrVersion} with the opposite sign. The version may
   * become 0 or negative.
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
   * Lists the live keys that begin with `prefix`, of one version, in no particular order. Reads them in portions,
   * so that a large cache does not have to fit into memory, and none of other caches' keys.
   *
   * A key that is live from the beginning to the end is listed exactly once. One that comes or goes meanwhile may
   * be missing. Keys of locks are keys like others. At the edge, the owners are asked one after another.
   *
   * @throws {CacheError} `UNSUPPORTED` with a custom key function, or if the adapter does not `supports.listing`.
   *   `ADAPTER_FAILED`, also with `onError: () => 'miss'`: an incomplete listing is not an answer.
   * @example
   * ```ts
   * await cache.asetMany({ 'user:1': 'Ada', 'user:2': 'Grace', 'post:1': 'text' })
   * for await (const key of cache.akeys('user:')) console.log(key) // user:1 and user:2
   * ```
   */
  async *akeys(prefix = '', options?: KeyOptions): AsyncGenerator<string, void, undefined> {
    yield* listKeys(this.#store, this.#calls.list('akeys', prefix, options, LIST_KEY_OPTIONS))
  }

  /**
   * Lists the live entries whose keys begin with `prefix`, like {@link akeys}: each as a pair of the key and the
   * value that it has when its portion is read. Counts as a read of each entry.
   *
   * @throws {CacheError} As {@link akeys}.
   * @example
   * ```ts
   * await cache.asetMany({ 'user:1': 'Ada', 'post:1': 'text' })
   * for await (const [key, value] of cache.aentries('user:')) console.log(key, value) // user:1 Ada
   * ```
   */
  async *aentries<T = unknown>(
    prefix = '',
    options?: ListOptions,
  ): AsyncGenerator<[key: string, value: T], void, undefined> {
    const call = this.#calls.list('aentries', prefix, options, LIST_ENTRY_OPTIONS)
    yield* listEntries(this.#calls, this.#store, call) as AsyncGenerator<[string, T], void, undefined>
  }

  /**
   * Removes every entry of this cache's `keyPrefix`, in all versions. Without a prefix, removes every entry
   * in the store. Never removes data that nearcache did not store. At the edge, replicas near other readers
   * disappear somewhat later.
   *
   * @throws {CacheError} `ADAPTER_FAILED`. At the edge some entries may be cleared already. Call it again.
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
   * Releases what the adapter holds open, such as a database connection. Entries stay. The next call opens it
   * again.
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

import type { Adapter, SyncStorage } from './adapter.ts'
import { checkKey, readOptions, readTimeout, type SetManyData, versionIn } from './arguments.ts'
import { AsyncCache } from './cache.ts'
import {
  Calls,
  GET_OPTIONS,
  LIST_ENTRY_OPTIONS,
  LIST_KEY_OPTIONS,
  LOCK_OPTIONS,
  SET_OPTIONS,
} from './calls.ts'
import { checkTimeout } from './expiry.ts'
import { listEntriesSync, listKeysSync } from './list.ts'
import { getOrSetSync, settled } from './load-sync.ts'
import type { Loader, SyncLoader } from './loader.ts'
import { heldSyncLock, type SyncCacheLock } from './lock.ts'
import { isOpen } from './operations.ts'
import type {
  CountWithTtl,
  EntryOptions,
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  ListOptions,
  LockOptions,
  PopOptions,
  ReadOptions,
  ResolvedOptions,
  SetOptions,
  SyncGetOrSetOptions,
  TimeoutOr,
  TouchOptions,
} from './options.ts'
import { accepted } from './outcomes.ts'
import type { ReadPlan } from './plans.ts'
import type { Schema } from './schema.ts'
import type { CacheEntry } from './subscribe.ts'
import { PromisedStore, SyncStore } from './sync-store.ts'

/**
 * A cache in memory. It has every method of {@link AsyncCache}, and a sync method under the same name without
 * the `a`. The async methods run the sync ones. Only `agetOrSet` can wait for a loader.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const cache = createCache({ adapter: memoryAdapter() })
 * cache.set('greeting', 'hello', 60)
 * cache.get('greeting') // 'hello'
 * await cache.aget('greeting') // 'hello'
 * ```
 */
export class SyncCache extends AsyncCache {
  readonly #calls: Calls
  readonly #store: SyncStore
  /** True if a hit of `agetOrSet` needs nothing but its value. */
  readonly #hasPlainHits: boolean

  /** @internal Use `createCache`. */
  constructor(calls: Calls, store: SyncStore) {
    super(calls, new PromisedStore(store))
    this.#calls = calls
    this.#store = store
    const { schema, loadDefaults } = calls.options
    this.#hasPlainHits = schema === undefined && Object.keys(loadDefaults).length === 0
  }

  /**
   * Reads a key synchronously. Returns its value, or `options.default` (else `undefined`) if it is missing or
   * expired. See {@link AsyncCache.aget}.
   */
  get<T = unknown>(key: string, options?: GetOptions): T | undefined
  /** Reads a key synchronously, or returns `options.default` if it is missing or expired. */
  get<T>(key: string, options: GetOptions<T> & { readonly default: T }): T
  /** Reads a key synchronously, or returns `options.default` if it is missing or expired. */
  get<T, D = null>(key: string, options: GetOptions<D> & { readonly default: D }): T | D
  get(key: string, options?: GetOptions<unknown>): unknown {
    return settled(this.#get('get', key, options), 'get')
  }

  /** Stores a value synchronously, for `timeout` **seconds**; `null`: never expires. See {@link AsyncCache.aset}. */
  set(key: string, value: unknown, options?: TimeoutOr<SetOptions>): void {
    this.#set('set', key, value, options)
  }

  /**
   * Stores a value synchronously if the key is missing or expired. Returns `true` if it was stored. See
   * {@link AsyncCache.aadd}.
   */
  add(key: string, value: unknown, options?: TimeoutOr<SetOptions>): boolean {
    return this.#store.change(this.#calls.add('add', key, value, options))
  }

  /**
   * Reads a key synchronously. On a miss, calls `loader`, stores the result for `timeout` **seconds** and
   * returns it. `undefined` is not stored, nor is the result of a loader that changes its own key. A loader
   * that returns a promise or another thenable throws a `TypeError`: use {@link AsyncCache.agetOrSet}.
   */
  getOrSet<Output>(
    key: string,
    loader: SyncLoader<unknown>,
    options: SyncGetOrSetOptions & { readonly schema: Schema<Output> },
  ): Output
  /** Reads a key synchronously. On a miss, calls `loader`, stores the result and returns it. */
  getOrSet<T>(key: string, loader: SyncLoader<T>, options?: TimeoutOr<SyncGetOrSetOptions>): T
  getOrSet(key: string, loader: SyncLoader<unknown>, options?: TimeoutOr<SyncGetOrSetOptions>): unknown {
    return getOrSetSync(this.#calls, this.#store, this.#calls.syncGetOrSet('getOrSet', key, loader, options))
  }

  /**
   * Sets a new deadline for a live key synchronously, in **seconds** from now. Returns `false` if the key is
   * missing. See {@link AsyncCache.atouch}.
   */
  touch(key: string, options?: TimeoutOr<TouchOptions>): boolean {
    return this.#store.change(this.#calls.touch('touch', key, options))
  }

  /** Removes a key synchronously. Returns `true` if a live entry was removed. See {@link AsyncCache.adelete}. */
  delete(key: string, options?: KeyOptions): boolean {
    return this.#store.change(this.#calls.delete('delete', key, options))
  }

  /** Makes a key stale synchronously. Returns `true` if it was live. See {@link AsyncCache.aexpire}. */
  expire(key: string, options?: KeyOptions): boolean {
    return this.#store.change(this.#calls.expire('expire', key, options))
  }

  /** Removes every value with one of the tags synchronously. See {@link AsyncCache.adeleteTags}. */
  deleteTags(...tags: string[]): void {
    this.#store.deleteTags(this.#calls.tags('deleteTags', 'delete', tags))
  }

  /** Makes every value with one of the tags stale synchronously. See {@link AsyncCache.aexpireTags}. */
  expireTags(...tags: string[]): void {
    this.#store.deleteTags(this.#calls.tags('expireTags', 'expire', tags))
  }

  /** Reads a key synchronously with what is known of it. See {@link AsyncCache.aentry}. */
  entry<T = unknown>(key: string, options?: EntryOptions): CacheEntry<T> | undefined {
    const found = this.#store.read(this.#calls.entryOf('entry', key, options))
    return settled(found, 'entry') as CacheEntry<T> | undefined
  }

  /** Checks synchronously whether a key is live. See {@link AsyncCache.ahasKey}. */
  hasKey(key: string, options?: ReadOptions): boolean {
    return this.#store.read(this.#calls.hasKey('hasKey', key, options))
  }

  /** Adds `delta` to a stored integer synchronously, and keeps its deadline. See {@link AsyncCache.aincr}. */
  incr(key: string, delta = 1, options?: IncrOptions): number {
    return this.#incr('incr', key, delta, options)
  }

  /** Counts synchronously, and returns the result with the seconds left. See {@link AsyncCache.aincrWithTtl}. */
  incrWithTtl(key: string, delta = 1, options?: IncrOptions): CountWithTtl {
    return this.#store.change(this.#calls.incrWithTtl('incrWithTtl', key, delta, options))
  }

  /** Subtracts `delta` synchronously. See {@link AsyncCache.adecr}. */
  decr(key: string, delta = 1, options?: IncrOptions): number {
    return this.#store.change(this.#calls.decr('decr', key, delta, options))
  }

  /** Returns the **seconds** that a key has left; `null`: never expires. See {@link AsyncCache.attl}. */
  ttl(key: string, options?: ReadOptions): number | null | undefined {
    return this.#store.read(this.#calls.ttl('ttl', key, options))
  }

  /** Removes a key synchronously and returns its value. See {@link AsyncCache.apop}. */
  pop<T = unknown>(key: string, options?: PopOptions): T | undefined
  /** Removes a key and returns its value, or `options.default` if it is missing or expired. */
  pop<T>(key: string, options: PopOptions<T> & { readonly default: T }): T
  /** Removes a key and returns its value, or `options.default` if it is missing or expired. */
  pop<T, D = null>(key: string, options: PopOptions<D> & { readonly default: D }): T | D
  pop(key: string, options?: PopOptions<unknown>): unknown {
    return this.#store.change(this.#calls.pop('pop', key, options))
  }

  /**
   * Acquires a lock for at most `options.timeout` **seconds**, or returns `undefined` if it is held. Tries
   * once. Use it with `using`, not `await using`. See {@link AsyncCache.alock}.
   */
  lock(key: string, options: LockOptions): SyncCacheLock | undefined {
    const { take, release } = this.#calls.lock('lock', key, options, LOCK_OPTIONS)
    return this.#store.commit(take()) ? heldSyncLock(key, () => this.#store.commit(release())) : undefined
  }

  /** Reads many keys synchronously. Returns a Map of the live ones. See {@link AsyncCache.agetMany}. */
  getMany<T = unknown>(keys: Iterable<string>, options?: EntryOptions): Map<string, T> {
    return settled(this.#store.read(this.#calls.getMany<T>('getMany', keys, options)), 'getMany')
  }

  /** Stores many keys synchronously, for `timeout` **seconds**. See {@link AsyncCache.asetMany}. */
  setMany(data: SetManyData, options?: TimeoutOr<SetOptions>): string[] {
    return this.#store.commit(this.#calls.setMany('setMany', data, options))
  }

  /** Removes many keys synchronously. See {@link AsyncCache.adeleteMany}. */
  deleteMany(keys: Iterable<string>, options?: KeyOptions): void {
    this.#store.commit(this.#calls.deleteMany('deleteMany', keys, options))
  }

  /** Lists the live keys that begin with `prefix` synchronously. See {@link AsyncCache.akeys}. */
  keys(prefix = '', options?: KeyOptions): Generator<string, void, undefined> {
    const call = this.#calls.list('keys', prefix, options, LIST_KEY_OPTIONS)
    return listKeysSync(call, this.#store.listKeys(call))
  }

  /** Lists the live entries whose keys begin with `prefix` synchronously. See {@link AsyncCache.aentries}. */
  entries<T = unknown>(
    prefix = '',
    options?: ListOptions,
  ): Generator<[key: string, value: T], void, undefined> {
    const call = this.#calls.list('entries', prefix, options, LIST_ENTRY_OPTIONS)
    const read = <R>(plan: ReadPlan<R>): R => this.#store.read(plan)
    const listed = listEntriesSync(this.#calls, call, this.#store.listKeys(call), read)
    return listed as Generator<[string, T], void, undefined>
  }

  /**
   * Moves a key to version + `delta` synchronously, and returns the new version. See {@link
   * AsyncCache.aincrVersion}.
   */
  incrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#store.commit(this.#calls.incrVersion('incrVersion', key, delta, options))
  }

  /**
   * Moves a key to version − `delta` synchronously, and returns the new version. See {@link
   * AsyncCache.adecrVersion}.
   */
  decrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#store.commit(this.#calls.decrVersion('decrVersion', key, delta, options))
  }

  /** Removes every entry of the `keyPrefix` synchronously; without one, all. See {@link AsyncCache.aclear}. */
  clear(): void {
    this.#store.clear('clear')
  }

  override async aget<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>
  override async aget<T>(key: string, options: GetOptions<T> & { readonly default: T }): Promise<T>
  override async aget<T, D = null>(
    key: string,
    options: GetOptions<D> & { readonly default: D },
  ): Promise<T | D>
  override async aget(key: string, options?: GetOptions<unknown>): Promise<unknown> {
    return this.#get('aget', key, options)
  }

  override agetOrSet<Output>(
    key: string,
    loader: Loader<unknown>,
    options: GetOrSetOptions & { readonly schema: Schema<Output> },
  ): Promise<Output>
  override agetOrSet<T>(key: string, loader: Loader<T>, options?: TimeoutOr<GetOrSetOptions>): Promise<T>
  override async agetOrSet(
    key: string,
    loader: Loader<unknown>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<unknown> {
    // Fast path for a hit, which most calls are.
    if (this.#hasPlainHits && (options === undefined || typeof options === 'number')) {
      checkKey(key, 'agetOrSet')
      checkTimeout(options, 'agetOrSet')
      const hit = loader === undefined ? undefined : this.#store.value('agetOrSet', key, undefined)
      if (hit !== undefined) {
        this.#calls.metrics.read(true, 'agetOrSet', key)
        return this.#calls.copyOut(hit, key)
      }
    }
    return super.agetOrSet(key, loader, options)
  }

  override async aset(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<void> {
    this.#set('aset', key, value, options)
  }

  override async aincr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.#incr('aincr', key, delta, options)
  }

  // Fast paths of the plans for `get`, `set` and `incr`. `fast-paths.test.ts` compares them with the plans.

  #get(method: string, key: string, options: GetOptions<unknown> | undefined): unknown {
    checkKey(key, method)
    const version = options === undefined ? undefined : readOptions(options, GET_OPTIONS, method).version
    const calls = this.#calls
    if (options?.schema !== undefined || calls.options.schema !== undefined)
      return this.#store.read(calls.get(method, key, options))
    const value = this.#store.value(method, key, version)
    calls.metrics.read(value !== undefined, method, key)
    return value === undefined ? options?.default : calls.copyOut(value, key)
  }

  #set(method: string, key: string, value: unknown, options: TimeoutOr<SetOptions>): void {
    if (typeof options === 'object' && options !== null && !isPlainSet(options)) {
      this.#store.change(this.#calls.set(method, key, value, options))
      return
    }
    checkKey(key, method)
    const timeout = readTimeout(options, SET_OPTIONS, method)
    const version = versionIn(options)
    const now = this.#calls.now()
    const expiresAt = this.#calls.deadline(timeout, now)
    const stored = this.#calls.copyIn(value, key, method)
    if (version === undefined && isOpen(expiresAt, now) && this.#store.trySet(key, stored, expiresAt)) return
    const op = { kind: 'set', entry: { value: stored, expiresAt } } as const
    this.#store.change({ method, key, version, op, now, finish: accepted })
  }

  #incr(method: string, key: string, delta: number, options: IncrOptions | undefined): number {
    if (options === undefined && Number.isSafeInteger(delta)) {
      checkKey(key, method)
      const sum = this.#store.tryIncr(key, delta)
      if (sum !== undefined) return sum
    }
    return this.#store.change(this.#calls.incr(method, key, delta, options))
  }
}

/** True for options that give the entry nothing but a timeout. */
function isPlainSet(options: SetOptions): boolean {
  for (const name in options) if (name !== 'timeout' && name !== 'version') return false
  return true
}

/** An adapter that can also answer synchronously. A cache on it has sync methods. */
export interface SyncAdapter extends Adapter, SyncStorage {
  /**
   * Creates the cache: {@link createSyncCache}, from `nearcache/adapter`. The adapter provides it, so that a
   * bundle without a sync adapter does not contain the sync methods.
   */
  readonly createSyncCache: (options: ResolvedOptions, adapter: SyncAdapter) => SyncCache
}

/** Creates the cache on a sync adapter. Assign it to the property `createSyncCache` of your own adapter. */
export function createSyncCache(options: ResolvedOptions, adapter: SyncAdapter): SyncCache {
  const calls = new Calls(options)
  return new SyncCache(calls, new SyncStore(calls, adapter))
}

import type { Adapter, SyncStorage } from './adapter.ts'
import { checkKey, readOptions, readTimeout, type SetManyData, versionIn } from './arguments.ts'
import { AsyncCache } from './cache.ts'
import { Calls, GETTING, SETTING } from './calls.ts'
import { checkTimeout } from './expiry.ts'
import { type Loader, loadSync } from './get-or-set.ts'
import { isOpen } from './liveness.ts'
import { heldSyncLock, type SyncCacheLock } from './lock.ts'
import type {
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  LockOptions,
  PopOptions,
  ReadOptions,
  ResolvedOptions,
  SetOptions,
  TimeoutOr,
} from './options.ts'
import { accepted } from './outcomes.ts'
import { PromisedStore, SyncStore } from './sync-store.ts'

/**
 * A cache in memory: every method of {@link AsyncCache}, and its sync twin under the name without the `a`. The async
 * methods are the sync ones, promised; only `agetOrSet` can wait for a loader.
 *
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

  /** @internal Use `createCache`. */
  constructor(calls: Calls, adapter: SyncAdapter, store: SyncStore = new SyncStore(calls, adapter)) {
    super(calls, new PromisedStore(store, adapter))
    this.#calls = calls
    this.#store = store
  }

  /**
   * Reads a key, at once: its value, or `options.default` (else `undefined`) when it is missing or expired. See
   * {@link AsyncCache.aget}.
   */
  get<T = unknown>(key: string, options?: GetOptions): T | undefined
  /** Reads a key, at once, or gives `options.default` when it is missing or expired. */
  get<T>(key: string, options: GetOptions<T> & { readonly default: T }): T
  /** Reads a key, at once, or gives `options.default` when it is missing or expired. */
  get<T, D = null>(key: string, options: GetOptions<D> & { readonly default: D }): T | D
  get(key: string, options?: GetOptions<unknown>): unknown {
    return this.#get('get', key, options)
  }

  /**
   * Stores a value, at once, for `timeout` **seconds**; `null` = never expires. See {@link AsyncCache.aset}.
   */
  set(key: string, value: unknown, options?: TimeoutOr<SetOptions>): void {
    this.#set('set', key, value, options)
  }

  /**
   * Stores a value only if the key is missing or expired, at once: `true` if it did. See {@link AsyncCache.aadd}.
   */
  add(key: string, value: unknown, options?: TimeoutOr<SetOptions>): boolean {
    return this.#store.change(this.#calls.add('add', key, value, options))
  }

  /**
   * Reads a key, at once, and on a miss stores and gives what `loader` gives, for `timeout` **seconds**. `undefined` is
   * not stored, nor is the result of a loader that changes its own key. A function that gives a promise, or anything else
   * with a `then`, is a `TypeError`: that is what {@link AsyncCache.agetOrSet} is for.
   */
  getOrSet<T>(key: string, loader: T | (() => T), options?: TimeoutOr<SetOptions>): T {
    const call = this.#calls.getOrSet('getOrSet', key, loader, options, SETTING)
    const value = this.#store.value('getOrSet', key, call.version)
    if (value !== undefined) return this.#calls.copyOut(value, key) as T
    return loadSync(this.#calls, this.#store, call) as T
  }

  /**
   * Gives a live key a new deadline, in **seconds** from now, at once: `false` if it is missing. See {@link
   * AsyncCache.atouch}.
   */
  touch(key: string, options?: TimeoutOr<SetOptions>): boolean {
    return this.#store.change(this.#calls.touch('touch', key, options))
  }

  /** Removes a key, at once: `true` if a live entry was removed. See {@link AsyncCache.adelete}. */
  delete(key: string, options?: KeyOptions): boolean {
    return this.#store.change(this.#calls.delete('delete', key, options))
  }

  /** Tells at once whether a key is live. See {@link AsyncCache.ahasKey}. */
  hasKey(key: string, options?: ReadOptions): boolean {
    return this.#store.read(this.#calls.hasKey('hasKey', key, options))
  }

  /** Adds `delta` to a stored integer, at once, and keeps its deadline. See {@link AsyncCache.aincr}. */
  incr(key: string, delta = 1, options?: IncrOptions): number {
    return this.#incr('incr', key, delta, options)
  }

  /** Subtracts `delta`, at once. See {@link AsyncCache.adecr}. */
  decr(key: string, delta = 1, options?: IncrOptions): number {
    return this.#store.change(this.#calls.decr('decr', key, delta, options))
  }

  /**
   * Tells at once how many **seconds** a key has left; `null` = never expires. See {@link AsyncCache.attl}.
   */
  ttl(key: string, options?: ReadOptions): number | null | undefined {
    return this.#store.read(this.#calls.ttl('ttl', key, options))
  }

  /** Takes a key out, at once: gives its value and deletes it. See {@link AsyncCache.apop}. */
  pop<T = unknown>(key: string, options?: PopOptions): T | undefined
  /** Takes a key out, at once, or gives `options.default` when it is missing or expired. */
  pop<T>(key: string, options: PopOptions<T> & { readonly default: T }): T
  /** Takes a key out, at once, or gives `options.default` when it is missing or expired. */
  pop<T, D = null>(key: string, options: PopOptions<D> & { readonly default: D }): T | D
  pop(key: string, options?: PopOptions<unknown>): unknown {
    return this.#store.change(this.#calls.pop('pop', key, options))
  }

  /**
   * Takes a lock for `options.timeout` **seconds** at most, or gives `undefined` if it is taken: one attempt, and `using`
   * instead of `await using`. See {@link AsyncCache.alock}.
   */
  lock(key: string, options: LockOptions): SyncCacheLock | undefined {
    const { take, release } = this.#calls.lock('lock', key, options, LOCKING)
    return this.#store.commit(take()) ? heldSyncLock(key, () => this.#store.commit(release())) : undefined
  }

  /** Reads many keys at once: a Map of the live ones. See {@link AsyncCache.agetMany}. */
  getMany<T = unknown>(keys: Iterable<string>, options?: ReadOptions): Map<string, T> {
    return this.#store.read(this.#calls.getMany<T>('getMany', keys, options))
  }

  /** Stores many keys at once, for `timeout` **seconds**. See {@link AsyncCache.asetMany}. */
  setMany(data: SetManyData, options?: TimeoutOr<SetOptions>): string[] {
    return this.#store.commit(this.#calls.setMany('setMany', data, options))
  }

  /** Removes many keys at once. See {@link AsyncCache.adeleteMany}. */
  deleteMany(keys: Iterable<string>, options?: KeyOptions): void {
    this.#store.commit(this.#calls.deleteMany('deleteMany', keys, options))
  }

  /**
   * Moves a key to its version + `delta`, at once, and gives that version. See {@link AsyncCache.aincrVersion}.
   */
  incrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#store.commit(this.#calls.incrVersion('incrVersion', key, delta, options))
  }

  /**
   * Moves a key to its version − `delta`, at once, and gives that version. See {@link AsyncCache.adecrVersion}.
   */
  decrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#store.commit(this.#calls.decrVersion('decrVersion', key, delta, options))
  }

  /** Removes every entry of the `keyPrefix`, at once; without one, all. See {@link AsyncCache.aclear}. */
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

  override async agetOrSet<T>(
    key: string,
    loader: Loader<T>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<T> {
    // A hit is given at once: most calls are one.
    if (options === undefined || typeof options === 'number') {
      checkKey(key, 'agetOrSet')
      checkTimeout(options, 'agetOrSet')
      const hit = this.#get('agetOrSet', key, undefined)
      if (hit !== undefined && loader !== undefined) return hit as T
    }
    return super.agetOrSet(key, loader, options)
  }

  override async aset(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<void> {
    this.#set('aset', key, value, options)
  }

  override async aincr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.#incr('aincr', key, delta, options)
  }

  // Faster ways of the plans for `get`, `set` and `incr`. `fast-paths.test.ts` compares them with the plans.

  #get(method: string, key: string, options: GetOptions<unknown> | undefined): unknown {
    checkKey(key, method)
    const version = options === undefined ? undefined : readOptions(options, GETTING, method).version
    const value = this.#store.value(method, key, version)
    return value === undefined ? options?.default : this.#calls.copyOut(value, key)
  }

  #set(method: string, key: string, value: unknown, options: TimeoutOr<SetOptions>): void {
    checkKey(key, method)
    const timeout = readTimeout(options, SETTING, method)
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

const LOCKING = ['version', 'timeout']

/** An adapter that can also answer at once: the cache over it has sync twins. */
export interface SyncAdapter extends Adapter, SyncStorage {
  /**
   * Makes the cache: {@link createSyncCache}, from `nearcache/adapter`. The adapter brings it, so that a bundle without a sync
   * adapter does not carry the sync methods.
   */
  readonly createSyncCache: (options: ResolvedOptions, adapter: SyncAdapter) => SyncCache
}

/** Makes the cache over a sync adapter. An adapter of your own has it as its property `createSyncCache`. */
export function createSyncCache(options: ResolvedOptions, adapter: SyncAdapter): SyncCache {
  return new SyncCache(new Calls(options), adapter)
}

import type { SyncAdapter } from './adapter.ts'
import { checkKey, readOptions, readTimeout, type SetManyData, versionIn } from './arguments.ts'
import { AsyncCache } from './cache.ts'
import { type Call, type Contract, GETTING, KEY_AND_TIMEOUT, type Move, READING } from './contract.ts'
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
  SetOptions,
  TimeoutOr,
} from './options.ts'
import { accepted, counted, moved, popped } from './outcomes.ts'
import { SyncStore } from './sync-store.ts'

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
  readonly #contract: Contract
  readonly #store: SyncStore

  /** @internal Use `createCache`. */
  constructor(contract: Contract, adapter: SyncAdapter) {
    super(contract)
    this.#contract = contract
    this.#store = new SyncStore(adapter, contract)
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
    return this.#done(this.#contract.write('add', 'add', key, value, options))
  }

  /**
   * Reads a key, at once, and on a miss stores and gives what `loader` gives, for `timeout` **seconds**. `undefined` is
   * not stored, nor is the result of a loader that changes its own key. A function that gives a promise, or anything else
   * with a `then`, is a `TypeError`: that is what {@link AsyncCache.agetOrSet} is for.
   */
  getOrSet<T>(key: string, loader: T | (() => T), options?: TimeoutOr<SetOptions>): T {
    checkKey(key, 'getOrSet')
    if (loader === undefined) throw new TypeError('getOrSet needs a default: a value or a function')
    const timeout = readTimeout(options, KEY_AND_TIMEOUT, 'getOrSet')
    const version = versionIn(options)
    const value = this.#store.value(key, version)
    if (value !== undefined) return this.#contract.given(value, key) as T
    return loadSync(this.#contract, this.#store, { key, version, loader, timeout }) as T
  }

  /**
   * Gives a live key a new deadline, in **seconds** from now, at once: `false` if it is missing. See {@link
   * AsyncCache.atouch}.
   */
  touch(key: string, options?: TimeoutOr<SetOptions>): boolean {
    return this.#done(this.#contract.touch('touch', key, options))
  }

  /** Removes a key, at once: `true` if a live entry was removed. See {@link AsyncCache.adelete}. */
  delete(key: string, options?: KeyOptions): boolean {
    return this.#done(this.#contract.remove('delete', key, options))
  }

  /** Tells at once whether a key is live. See {@link AsyncCache.ahasKey}. */
  hasKey(key: string, options?: ReadOptions): boolean {
    return this.#hasKey('hasKey', key, options)
  }

  /** Adds `delta` to a stored integer, at once, and keeps its deadline. See {@link AsyncCache.aincr}. */
  incr(key: string, delta = 1, options?: IncrOptions): number {
    return this.#incr('incr', key, delta, options)
  }

  /** Subtracts `delta`, at once. See {@link AsyncCache.adecr}. */
  decr(key: string, delta = 1, options?: IncrOptions): number {
    return this.#counted(this.#contract.count('decr', -1, key, delta, options))
  }

  /**
   * Tells at once how many **seconds** a key has left; `null` = never expires. See {@link AsyncCache.attl}.
   */
  ttl(key: string, options?: ReadOptions): number | null | undefined {
    return this.#ttl('ttl', key, options)
  }

  /** Takes a key out, at once: gives its value and deletes it. See {@link AsyncCache.apop}. */
  pop<T = unknown>(key: string, options?: PopOptions): T | undefined
  /** Takes a key out, at once, or gives `options.default` when it is missing or expired. */
  pop<T>(key: string, options: PopOptions<T> & { readonly default: T }): T
  /** Takes a key out, at once, or gives `options.default` when it is missing or expired. */
  pop<T, D = null>(key: string, options: PopOptions<D> & { readonly default: D }): T | D
  pop(key: string, options?: PopOptions<unknown>): unknown {
    return this.#pop('pop', key, options)
  }

  /**
   * Takes a lock for `options.timeout` **seconds** at most, or gives `undefined` if it is taken: one attempt, and `using`
   * instead of `await using`. See {@link AsyncCache.alock}.
   */
  lock(key: string, options: LockOptions): SyncCacheLock | undefined {
    const locking = this.#contract.lock('lock', key, options)
    return this.#done(locking.take()) ? heldSyncLock(key, () => this.#done(locking.release())) : undefined
  }

  /** Reads many keys at once: a Map of the live ones. See {@link AsyncCache.agetMany}. */
  getMany<T = unknown>(keys: Iterable<string>, options?: ReadOptions): Map<string, T> {
    return this.#getMany('getMany', keys, options)
  }

  /** Stores many keys at once, for `timeout` **seconds**. See {@link AsyncCache.asetMany}. */
  setMany(data: SetManyData, options?: TimeoutOr<SetOptions>): string[] {
    return this.#setMany('setMany', data, options)
  }

  /** Removes many keys at once. See {@link AsyncCache.adeleteMany}. */
  deleteMany(keys: Iterable<string>, options?: KeyOptions): void {
    this.#store.commit(this.#contract.removeMany('deleteMany', keys, options), this.#contract.now())
  }

  /**
   * Moves a key to its version + `delta`, at once, and gives that version. See {@link AsyncCache.aincrVersion}.
   */
  incrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#moved(this.#contract.move('incrVersion', 1, key, delta, options))
  }

  /**
   * Moves a key to its version − `delta`, at once, and gives that version. See {@link AsyncCache.adecrVersion}.
   */
  decrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#moved(this.#contract.move('decrVersion', -1, key, delta, options))
  }

  /** Removes every entry of the `keyPrefix`, at once; without one, all. See {@link AsyncCache.aclear}. */
  clear(): void {
    this.#store.clear(this.#contract.keyspace.scope)
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
      const hit = this.get<T>(key)
      if (hit !== undefined && loader !== undefined) return hit
    }
    return super.agetOrSet(key, loader, options)
  }

  override async aset(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<void> {
    this.#set('aset', key, value, options)
  }

  override async aadd(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<boolean> {
    return this.#done(this.#contract.write('aadd', 'add', key, value, options))
  }

  override async atouch(key: string, options?: TimeoutOr<SetOptions>): Promise<boolean> {
    return this.#done(this.#contract.touch('atouch', key, options))
  }

  override async adelete(key: string, options?: KeyOptions): Promise<boolean> {
    return this.#done(this.#contract.remove('adelete', key, options))
  }

  override async ahasKey(key: string, options?: ReadOptions): Promise<boolean> {
    return this.#hasKey('ahasKey', key, options)
  }

  override async aincr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.#incr('aincr', key, delta, options)
  }

  override async adecr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.#counted(this.#contract.count('adecr', -1, key, delta, options))
  }

  override async attl(key: string, options?: ReadOptions): Promise<number | null | undefined> {
    return this.#ttl('attl', key, options)
  }

  override async apop<T = unknown>(key: string, options?: PopOptions): Promise<T | undefined>
  override async apop<T>(key: string, options: PopOptions<T> & { readonly default: T }): Promise<T>
  override async apop<T, D = null>(
    key: string,
    options: PopOptions<D> & { readonly default: D },
  ): Promise<T | D>
  override async apop(key: string, options?: PopOptions<unknown>): Promise<unknown> {
    return this.#pop('apop', key, options)
  }

  override async agetMany<T = unknown>(
    keys: Iterable<string>,
    options?: ReadOptions,
  ): Promise<Map<string, T>> {
    return this.#getMany('agetMany', keys, options)
  }

  override async asetMany(data: SetManyData, options?: TimeoutOr<SetOptions>): Promise<string[]> {
    return this.#setMany('asetMany', data, options)
  }

  override async adeleteMany(keys: Iterable<string>, options?: KeyOptions): Promise<void> {
    this.#store.commit(this.#contract.removeMany('adeleteMany', keys, options), this.#contract.now())
  }

  override async aincrVersion(key: string, delta = 1, options?: KeyOptions): Promise<number> {
    return this.#moved(this.#contract.move('aincrVersion', 1, key, delta, options))
  }

  override async adecrVersion(key: string, delta = 1, options?: KeyOptions): Promise<number> {
    return this.#moved(this.#contract.move('adecrVersion', -1, key, delta, options))
  }

  override async aclear(): Promise<void> {
    this.clear()
  }

  // What the twins have in common; `method` is the one that was called.

  #get(method: string, key: string, options: GetOptions<unknown> | undefined): unknown {
    checkKey(key, method)
    const version = options === undefined ? undefined : readOptions(options, GETTING, method).version
    const value = this.#store.value(key, version)
    return value === undefined ? options?.default : this.#contract.given(value, key)
  }

  #set(method: string, key: string, value: unknown, options: TimeoutOr<SetOptions>): void {
    checkKey(key, method)
    const timeout = readTimeout(options, KEY_AND_TIMEOUT, method)
    const version = versionIn(options)
    const now = this.#contract.now()
    const expiresAt = this.#contract.deadline(timeout, now)
    const stored = this.#contract.storable(value, key)
    if (version === undefined && isOpen(expiresAt, now) && this.#store.overwrite(key, stored, expiresAt))
      return
    this.#done({ method, key, version, op: { kind: 'set', entry: { value: stored, expiresAt } }, now })
  }

  #hasKey(method: string, key: string, options: ReadOptions | undefined): boolean {
    return this.#store.readLive(this.#contract.key(method, key, options), 'presence') !== undefined
  }

  #incr(method: string, key: string, delta: number, options: IncrOptions | undefined): number {
    if (options === undefined && Number.isSafeInteger(delta)) {
      checkKey(key, method)
      const sum = this.#store.count(key, delta)
      if (sum !== undefined) return sum
    }
    return this.#counted(this.#contract.count(method, 1, key, delta, options))
  }

  #ttl(method: string, key: string, options: ReadOptions | undefined): number | null | undefined {
    const storedKey = this.#contract.key(method, key, options)
    const now = this.#contract.now()
    return this.#contract.ttl(this.#store.readLive(storedKey, 'presence'), now)
  }

  #pop(method: string, key: string, options: PopOptions<unknown> | undefined): unknown {
    const { version, op, now } = this.#contract.pop(method, key, options)
    const entry = popped(this.#store.commitOne(key, version, op, now), method, key)
    return entry === undefined ? options?.default : this.#contract.given(entry.value, key)
  }

  #getMany<T>(method: string, keys: Iterable<string>, options: ReadOptions | undefined): Map<string, T> {
    const storedKeys = this.#contract.keys(method, keys, options, READING)
    return this.#contract.found(storedKeys.keys(), this.#store.read([...storedKeys.values()], 'value'))
  }

  #setMany(method: string, data: SetManyData, options: TimeoutOr<SetOptions>): string[] {
    const now = this.#contract.now()
    const changes = this.#contract.writeMany(method, data, options, now)
    const outcomes = this.#store.commit([...changes.values()], now)
    return [...changes.keys()].filter((_, index) => outcomes[index]?.ok !== true)
  }

  #done({ method, key, version, op, now }: Call): boolean {
    return accepted(this.#store.commitOne(key, version, op, now), method, key)
  }

  #counted({ method, key, version, op, now }: Call): number {
    return counted(this.#store.commitOne(key, version, op, now), method, key)
  }

  #moved({ method, key, version, change, now }: Move): number {
    return moved(this.#store.commit([change], now)[0], version, method, key)
  }
}

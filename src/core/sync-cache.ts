import type { Op, SyncAdapter } from './adapter.ts'
import { AsyncCache } from './cache.ts'
import {
  type Contract,
  DELETE,
  GETTING,
  type Move,
  POP,
  POPPING,
  READING,
  type SetManyData,
} from './contract.ts'
import { isOpen } from './decide.ts'
import { checkTimeout } from './expiry.ts'
import { type Loader, loadSync } from './get-or-set.ts'
import type { Version } from './keys.ts'
import { heldSyncLock, type SyncCacheLock } from './lock.ts'
import {
  type GetOptions,
  type GetOrSetOptions,
  type IncrOptions,
  type KeyOptions,
  type LockOptions,
  type PopOptions,
  type ReadOptions,
  readOptions,
  readTimeout,
  type SetOptions,
  type TimeoutOr,
  versionIn,
} from './options.ts'
import { accepted, counted, moved, popped } from './outcomes.ts'
import { SyncStore } from './sync-store.ts'

const KEY_AND_TIMEOUT = ['timeout', 'version']

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
    const value = this.#store.value(key, options && readOptions(options, GETTING, 'get').version)
    return value === undefined ? options?.default : this.#contract.given(value, key)
  }

  /**
   * Stores a value, at once, for `timeout` **seconds**; `null` = never expires. See {@link AsyncCache.aset}.
   */
  set(key: string, value: unknown, options?: TimeoutOr<SetOptions>): void {
    const now = this.#contract.now()
    const version = versionIn(options)
    const expiresAt = this.#contract.deadline(readTimeout(options, KEY_AND_TIMEOUT, 'set'), now)
    const stored = this.#contract.storable(value, key)
    if (version === undefined && isOpen(expiresAt, now) && this.#store.overwrite(key, stored, expiresAt))
      return
    this.#commitOne(key, version, { kind: 'set', entry: { value: stored, expiresAt } }, now)
  }

  /**
   * Stores a value only if the key is missing or expired, at once: `true` if it did. See {@link AsyncCache.aadd}.
   */
  add(key: string, value: unknown, options?: TimeoutOr<SetOptions>): boolean {
    const now = this.#contract.now()
    return this.#commitOne(
      key,
      versionIn(options),
      this.#contract.write('add', key, value, options, now),
      now,
    )
  }

  /**
   * Reads a key, at once, and on a miss stores and gives what `loader` gives, for `timeout` **seconds**. `undefined` is
   * not stored, nor is the result of a loader that changes its own key. A function that gives a promise, or anything else
   * with a `then`, is a `TypeError`: that is what {@link AsyncCache.agetOrSet} is for.
   */
  getOrSet<T>(key: string, loader: T | (() => T), options?: TimeoutOr<SetOptions>): T {
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
    const now = this.#contract.now()
    return this.#commitOne(key, versionIn(options), this.#contract.touch(options, now), now)
  }

  /** Removes a key, at once: `true` if a live entry was removed. See {@link AsyncCache.adelete}. */
  delete(key: string, options?: KeyOptions): boolean {
    const { version } = readOptions(options, ['version'], 'delete')
    return this.#commitOne(key, version, DELETE, this.#contract.now())
  }

  /** Tells at once whether a key is live. See {@link AsyncCache.ahasKey}. */
  hasKey(key: string, options?: ReadOptions): boolean {
    return this.#store.readLive(this.#contract.key(key, options, 'hasKey'), 'presence') !== undefined
  }

  /** Adds `delta` to a stored integer, at once, and keeps its deadline. See {@link AsyncCache.aincr}. */
  incr(key: string, delta = 1, options?: IncrOptions): number {
    if (options === undefined && Number.isSafeInteger(delta)) {
      const sum = this.#store.count(key, delta)
      if (sum !== undefined) return sum
    }
    const now = this.#contract.now()
    const op = this.#contract.incr(delta, options, 'incr', now)
    return counted(this.#store.commitOne(key, options?.version, op, now), key)
  }

  /** Subtracts `delta`, at once. See {@link AsyncCache.adecr}. */
  decr(key: string, delta = 1, options?: IncrOptions): number {
    const now = this.#contract.now()
    const op = this.#contract.incr(delta, options, 'decr', now)
    return counted(this.#store.commitOne(key, options?.version, op, now), key)
  }

  /**
   * Tells at once how many **seconds** a key has left; `null` = never expires. See {@link AsyncCache.attl}.
   */
  ttl(key: string, options?: ReadOptions): number | null | undefined {
    const now = this.#contract.now()
    return this.#contract.ttl(this.#store.readLive(this.#contract.key(key, options, 'ttl'), 'presence'), now)
  }

  /** Takes a key out, at once: gives its value and deletes it. See {@link AsyncCache.apop}. */
  pop<T = unknown>(key: string, options?: PopOptions): T | undefined
  /** Takes a key out, at once, or gives `options.default` when it is missing or expired. */
  pop<T>(key: string, options: PopOptions<T> & { readonly default: T }): T
  /** Takes a key out, at once, or gives `options.default` when it is missing or expired. */
  pop<T, D = null>(key: string, options: PopOptions<D> & { readonly default: D }): T | D
  pop(key: string, options?: PopOptions<unknown>): unknown {
    const { version } = readOptions(options, POPPING, 'pop')
    const outcome = this.#store.commitOne(key, version, POP, this.#contract.now())
    const entry = popped(outcome, key)
    return entry === undefined ? options?.default : this.#contract.given(entry.value, key)
  }

  /**
   * Takes a lock for `options.timeout` **seconds** at most, or gives `undefined` if it is taken: one attempt, and `using`
   * instead of `await using`. See {@link AsyncCache.alock}.
   */
  lock(key: string, options: LockOptions): SyncCacheLock | undefined {
    const now = this.#contract.now()
    const { take, release } = this.#contract.lock(options, now)
    const { version } = options
    if (!this.#commitOne(key, version, take, now)) return undefined
    return heldSyncLock(key, () => this.#commitOne(key, version, release, this.#contract.now()))
  }

  /** Reads many keys at once: a Map of the live ones. See {@link AsyncCache.agetMany}. */
  getMany<T = unknown>(keys: Iterable<string>, options?: ReadOptions): Map<string, T> {
    const storedKeys = this.#contract.keys(keys, options, 'getMany', READING)
    return this.#contract.found(storedKeys.keys(), this.#store.read([...storedKeys.values()], 'value'))
  }

  /** Stores many keys at once, for `timeout` **seconds**. See {@link AsyncCache.asetMany}. */
  setMany(data: SetManyData, options?: TimeoutOr<SetOptions>): string[] {
    const now = this.#contract.now()
    const changes = this.#contract.writeMany(data, options, now)
    const outcomes = this.#store.commit([...changes.values()], now)
    return [...changes.keys()].filter((_, index) => outcomes[index]?.ok !== true)
  }

  /** Removes many keys at once. See {@link AsyncCache.adeleteMany}. */
  deleteMany(keys: Iterable<string>, options?: KeyOptions): void {
    const storedKeys = this.#contract.keys(keys, options, 'deleteMany')
    const changes = [...storedKeys.values()].map((storedKey) => ({ key: storedKey, op: DELETE }))
    this.#store.commit(changes, this.#contract.now())
  }

  /**
   * Moves a key to its version + `delta`, at once, and gives that version. See {@link AsyncCache.aincrVersion}.
   */
  incrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#move(this.#contract.move(key, delta, options, 'incrVersion'), key)
  }

  /**
   * Moves a key to its version − `delta`, at once, and gives that version. See {@link AsyncCache.adecrVersion}.
   */
  decrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#move(this.#contract.move(key, delta, options, 'decrVersion'), key)
  }

  /** Removes every entry of the `keyPrefix`, at once; without one, all. See {@link AsyncCache.aclear}. */
  clear(): void {
    this.#store.clear(this.#contract.keyspace.scope)
  }

  #commitOne(key: string, version: Version | undefined, op: Op, now: number): boolean {
    return accepted(this.#store.commitOne(key, version, op, now), op.kind, key)
  }

  #move({ change, version }: Move, key: string): number {
    return moved(this.#store.commit([change], this.#contract.now())[0], version, key)
  }

  override async aget<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>
  override async aget<T>(key: string, options: GetOptions<T> & { readonly default: T }): Promise<T>
  override async aget<T, D = null>(
    key: string,
    options: GetOptions<D> & { readonly default: D },
  ): Promise<T | D>
  override async aget(key: string, options?: GetOptions<unknown>): Promise<unknown> {
    return this.get(key, options as GetOptions)
  }

  override async agetOrSet<T>(
    key: string,
    loader: Loader<T>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<T> {
    // A hit is given at once: most calls are one.
    if (options === undefined || typeof options === 'number') {
      checkTimeout(options)
      const hit = this.get<T>(key)
      if (hit !== undefined && loader !== undefined) return hit
    }
    return super.agetOrSet(key, loader, options)
  }

  override async aset(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<void> {
    this.set(key, value, options)
  }

  override async aadd(key: string, value: unknown, options?: TimeoutOr<SetOptions>): Promise<boolean> {
    return this.add(key, value, options)
  }

  override async atouch(key: string, options?: TimeoutOr<SetOptions>): Promise<boolean> {
    return this.touch(key, options)
  }

  override async adelete(key: string, options?: KeyOptions): Promise<boolean> {
    return this.delete(key, options)
  }

  override async ahasKey(key: string, options?: ReadOptions): Promise<boolean> {
    return this.hasKey(key, options)
  }

  override async aincr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.incr(key, delta, options)
  }

  override async adecr(key: string, delta = 1, options?: IncrOptions): Promise<number> {
    return this.decr(key, delta, options)
  }

  override async attl(key: string, options?: ReadOptions): Promise<number | null | undefined> {
    return this.ttl(key, options)
  }

  override async apop<T = unknown>(key: string, options?: PopOptions): Promise<T | undefined>
  override async apop<T>(key: string, options: PopOptions<T> & { readonly default: T }): Promise<T>
  override async apop<T, D = null>(
    key: string,
    options: PopOptions<D> & { readonly default: D },
  ): Promise<T | D>
  override async apop(key: string, options?: PopOptions<unknown>): Promise<unknown> {
    return this.pop(key, options as PopOptions)
  }

  override async agetMany<T = unknown>(
    keys: Iterable<string>,
    options?: ReadOptions,
  ): Promise<Map<string, T>> {
    return this.getMany(keys, options)
  }

  override async asetMany(data: SetManyData, options?: TimeoutOr<SetOptions>): Promise<string[]> {
    return this.setMany(data, options)
  }

  override async adeleteMany(keys: Iterable<string>, options?: KeyOptions): Promise<void> {
    this.deleteMany(keys, options)
  }

  override async aincrVersion(key: string, delta = 1, options?: KeyOptions): Promise<number> {
    return this.incrVersion(key, delta, options)
  }

  override async adecrVersion(key: string, delta = 1, options?: KeyOptions): Promise<number> {
    return this.decrVersion(key, delta, options)
  }

  override async aclear(): Promise<void> {
    this.clear()
  }
}

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
import type { Loader } from './get-or-set.ts'
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
import { endure } from './store.ts'
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

  /** {@link AsyncCache.aget}, at once. */
  get<T = unknown>(key: string, options?: GetOptions): T | undefined
  get<T>(key: string, options: GetOptions<T> & { readonly default: T }): T
  get<T, D = null>(key: string, options: GetOptions<D> & { readonly default: D }): T | D
  get(key: string, options?: GetOptions<unknown>): unknown {
    const value = this.#store.value(key, options && readOptions(options, GETTING, 'get').version)
    return value === undefined ? options?.default : this.#contract.given(value, key)
  }

  /** {@link AsyncCache.aset}, at once. */
  set(key: string, value: unknown, options?: TimeoutOr<SetOptions>): void {
    const now = this.#contract.now()
    const version = versionIn(options)
    const expiresAt = this.#contract.deadline(readTimeout(options, KEY_AND_TIMEOUT, 'set'), now)
    const stored = this.#contract.storable(value, key)
    if (version === undefined && isOpen(expiresAt, now) && this.#store.overwrite(key, stored, expiresAt))
      return
    this.#commitOne(key, version, { kind: 'set', entry: { value: stored, expiresAt } }, now)
  }

  /** {@link AsyncCache.aadd}, at once. */
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
   * {@link AsyncCache.agetOrSet}, at once: a function is called on a miss, and its value stored unless it is
   * `undefined`. A function that gives a promise is a `TypeError`: that is what `agetOrSet` is for.
   */
  getOrSet<T>(key: string, loader: T | (() => T), options?: TimeoutOr<SetOptions>): T {
    if (loader === undefined) throw new TypeError('getOrSet needs a default: a value or a function')
    readTimeout(options, KEY_AND_TIMEOUT, 'getOrSet')
    const version = options === undefined ? undefined : { version: versionIn(options) }
    const hit = this.get<T>(key, version)
    if (hit !== undefined) return hit
    const loaded = typeof loader === 'function' ? (loader as () => T)() : loader
    if (loaded instanceof Promise) {
      // Nobody waits for it any more: a failure of its own would be nobody's.
      loaded.catch(() => {})
      throw new TypeError('getOrSet cannot wait for a promise: use agetOrSet')
    }
    if (loaded === undefined) return loaded
    try {
      this.add(key, loaded, options)
    } catch (error) {
      endure(error, this.#contract.onError)
      return loaded
    }
    const stored = this.get<T>(key, version)
    return stored === undefined ? loaded : stored
  }

  /** {@link AsyncCache.atouch}, at once. */
  touch(key: string, options?: TimeoutOr<SetOptions>): boolean {
    const now = this.#contract.now()
    return this.#commitOne(key, versionIn(options), this.#contract.touch(options, now), now)
  }

  /** {@link AsyncCache.adelete}, at once. */
  delete(key: string, options?: KeyOptions): boolean {
    const { version } = readOptions(options, ['version'], 'delete')
    return this.#commitOne(key, version, DELETE, this.#contract.now())
  }

  /** {@link AsyncCache.ahasKey}, at once. */
  hasKey(key: string, options?: ReadOptions): boolean {
    return this.#store.readLive(this.#contract.key(key, options, 'hasKey'), 'presence') !== undefined
  }

  /** {@link AsyncCache.aincr}, at once. */
  incr(key: string, delta = 1, options?: IncrOptions): number {
    if (options === undefined && Number.isSafeInteger(delta)) {
      const sum = this.#store.count(key, delta)
      if (sum !== undefined) return sum
    }
    const now = this.#contract.now()
    const op = this.#contract.incr(delta, options, 'incr', now)
    return counted(this.#store.commitOne(key, options?.version, op, now), key)
  }

  /** {@link AsyncCache.adecr}, at once. */
  decr(key: string, delta = 1, options?: IncrOptions): number {
    const now = this.#contract.now()
    const op = this.#contract.incr(delta, options, 'decr', now)
    return counted(this.#store.commitOne(key, options?.version, op, now), key)
  }

  /** {@link AsyncCache.attl}, at once. */
  ttl(key: string, options?: ReadOptions): number | null | undefined {
    const now = this.#contract.now()
    return this.#contract.ttl(this.#store.readLive(this.#contract.key(key, options, 'ttl'), 'presence'), now)
  }

  /** {@link AsyncCache.apop}, at once. */
  pop<T = unknown>(key: string, options?: PopOptions): T | undefined
  pop<T>(key: string, options: PopOptions<T> & { readonly default: T }): T
  pop<T, D = null>(key: string, options: PopOptions<D> & { readonly default: D }): T | D
  pop(key: string, options?: PopOptions<unknown>): unknown {
    const { version } = readOptions(options, POPPING, 'pop')
    const outcome = this.#store.commitOne(key, version, POP, this.#contract.now())
    const entry = popped(outcome, key)
    return entry === undefined ? options?.default : this.#contract.given(entry.value, key)
  }

  /** {@link AsyncCache.alock}, at once: one attempt, and `using` instead of `await using`. */
  lock(key: string, options: LockOptions): SyncCacheLock | undefined {
    const now = this.#contract.now()
    const { take, release } = this.#contract.lock(options, now)
    const { version } = options
    if (!this.#commitOne(key, version, take, now)) return undefined
    return heldSyncLock(key, () => this.#commitOne(key, version, release, this.#contract.now()))
  }

  /** {@link AsyncCache.agetMany}, at once. */
  getMany<T = unknown>(keys: Iterable<string>, options?: ReadOptions): Map<string, T> {
    const storedKeys = this.#contract.keys(keys, options, 'getMany', READING)
    return this.#contract.found(storedKeys.keys(), this.#store.read([...storedKeys.values()], 'value'))
  }

  /** {@link AsyncCache.asetMany}, at once. */
  setMany(data: SetManyData, options?: TimeoutOr<SetOptions>): string[] {
    const now = this.#contract.now()
    const changes = this.#contract.writeMany(data, options, now)
    const outcomes = this.#store.commit([...changes.values()], now)
    return [...changes.keys()].filter((_, index) => outcomes[index]?.ok !== true)
  }

  /** {@link AsyncCache.adeleteMany}, at once. */
  deleteMany(keys: Iterable<string>, options?: KeyOptions): void {
    const storedKeys = this.#contract.keys(keys, options, 'deleteMany')
    const changes = [...storedKeys.values()].map((storedKey) => ({ key: storedKey, op: DELETE }))
    this.#store.commit(changes, this.#contract.now())
  }

  /** {@link AsyncCache.aincrVersion}, at once. */
  incrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#move(this.#contract.move(key, delta, options, 'incrVersion'), key)
  }

  /** {@link AsyncCache.adecrVersion}, at once. */
  decrVersion(key: string, delta = 1, options?: KeyOptions): number {
    return this.#move(this.#contract.move(key, delta, options, 'decrVersion'), key)
  }

  /** {@link AsyncCache.aclear}, at once. */
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

  /** A hit is given at once: most calls are one. */
  override async agetOrSet<T>(
    key: string,
    loader: Loader<T>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<T> {
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

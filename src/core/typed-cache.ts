import type { AsyncCache } from './cache.ts'
import type { Loader, SyncLoader } from './loader.ts'
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
  SyncGetOrSetOptions,
  TimeoutOr,
  TouchOptions,
} from './options.ts'
import type { CacheEntry } from './subscribe.ts'
import type { SyncCache } from './sync-cache.ts'

type KeyOf<S> = keyof S & string
/** The keys that hold numbers. */
type CounterOf<S> = { [K in KeyOf<S>]: S[K] extends number ? K : never }[KeyOf<S>]
type PairOf<S> = { [K in KeyOf<S>]: readonly [K, S[K]] }[KeyOf<S>]
type PairFor<S> = { [K in KeyOf<S>]: [key: K, value: S[K]] }[KeyOf<S>]
type DataOf<S> = { readonly [K in keyof S]?: S[K] } | Iterable<PairOf<S>>
type WithDefault<D> = GetOptions<D> & { readonly default: D }

/**
 * An {@link AsyncCache} with typed keys and values. Keys are names or patterns such as `` `user:${string}`
 * ``. Another key, or a value of another type, is a compile-time error. Nothing is checked at run time, and
 * nothing is added to the bundle.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * interface User { name: string }
 * const cache = createCache<{ [key: `user:${string}`]: User; views: number }>({ adapter: memoryAdapter() })
 *
 * await cache.aset('user:1', { name: 'Ada' })
 * const user = await cache.aget('user:1') // { name: 'Ada' }
 * user?.name // 'Ada'
 * ```
 */
export interface TypedCache<S extends object>
  extends Omit<AsyncCache, keyof KeyedMethods<S>>,
    KeyedMethods<Required<S>> {}

/** A {@link SyncCache} with typed keys and values: see {@link TypedCache}. */
export interface TypedSyncCache<S extends object>
  extends Omit<SyncCache, keyof KeyedMethods<S> | keyof KeyedSyncMethods<S>>,
    KeyedMethods<Required<S>>,
    KeyedSyncMethods<Required<S>> {}

/** Uses `Required<S>`: every key may be missing from a cache, so an optional key is a key like any other. */
interface KeyedMethods<S extends object> {
  /** Reads one key: its value, or `undefined` if it is missing or expired. */
  aget<K extends KeyOf<S>>(key: K, options?: GetOptions): Promise<S[K] | undefined>
  /** Reads one key, or returns `options.default` if it is missing or expired. */
  aget<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): Promise<S[K] | D>
  /** Stores a value and replaces the old one, for `timeout` **seconds**; `null`: never expires. */
  aset<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): Promise<void>
  /** Stores a value only if the key is missing or expired: `true` if it was stored. */
  aadd<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): Promise<boolean>
  /** Reads a key. On a miss, stores and returns the result of `loader`, for `timeout` **seconds**. */
  agetOrSet<K extends KeyOf<S>>(
    key: K,
    loader: Loader<S[K]>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<S[K]>
  /** Sets a new deadline for a live key, in **seconds** from now: `false` if it is missing or expired. */
  atouch(key: KeyOf<S>, options?: TimeoutOr<TouchOptions>): Promise<boolean>
  /** Makes a key stale now, as if its timeout had passed: `true` if it was live. */
  aexpire(key: KeyOf<S>, options?: KeyOptions): Promise<boolean>
  /** Reads a key with its age, the seconds it has left, and its tags. Also returns stale values. */
  aentry<K extends KeyOf<S>>(key: K, options?: EntryOptions): Promise<CacheEntry<S[K]> | undefined>
  /** Removes a key: `true` if a live entry was removed. */
  adelete(key: KeyOf<S>, options?: KeyOptions): Promise<boolean>
  /** Checks whether a key is live. */
  ahasKey(key: KeyOf<S>, options?: ReadOptions): Promise<boolean>
  /** Returns the **seconds** a key has left: `null` if it never expires, `undefined` if missing or expired. */
  attl(key: KeyOf<S>, options?: ReadOptions): Promise<number | null | undefined>
  /** Adds `delta` to a stored integer and keeps its deadline. Fails if missing, unless `initial` is given. */
  aincr(key: CounterOf<S>, delta?: number, options?: IncrOptions): Promise<number>
  /** Counts like `aincr`, and returns the result with the **seconds** left. */
  aincrWithTtl(key: CounterOf<S>, delta?: number, options?: IncrOptions): Promise<CountWithTtl>
  /** Subtracts `delta` from a stored integer and keeps its deadline. */
  adecr(key: CounterOf<S>, delta?: number, options?: IncrOptions): Promise<number>
  /** Removes a key and returns its value. */
  apop<K extends KeyOf<S>>(key: K, options?: PopOptions): Promise<S[K] | undefined>
  /** Removes a key and returns its value, or `options.default` if it is missing or expired. */
  apop<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): Promise<S[K] | D>
  /** Reads many keys in one batch: a Map of the live ones, in the order of `keys`. */
  agetMany<K extends KeyOf<S>>(keys: Iterable<K>, options?: EntryOptions): Promise<Map<K, S[K]>>
  /** Stores many keys in one batch, for `timeout` **seconds**, and returns those that could not be stored. */
  asetMany(data: DataOf<S>, options?: TimeoutOr<SetOptions>): Promise<string[]>
  /** Removes many keys in one batch. Missing ones are ignored. */
  adeleteMany(keys: Iterable<KeyOf<S>>, options?: KeyOptions): Promise<void>
  /** Lists the live keys that begin with `prefix`. */
  akeys(prefix?: string, options?: KeyOptions): AsyncGenerator<KeyOf<S>, void, undefined>
  /** Lists the live entries whose keys begin with `prefix`. */
  aentries(prefix?: string, options?: ListOptions): AsyncGenerator<PairFor<S>, void, undefined>
  /** Moves a key to version + `delta`, with its remaining time, and returns that version. */
  aincrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): Promise<number>
  /** Moves a key to version − `delta`, with its remaining time, and returns that version. */
  adecrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): Promise<number>
}

interface KeyedSyncMethods<S extends object> {
  /** Reads one key: its value, or `undefined` if it is missing or expired. */
  get<K extends KeyOf<S>>(key: K, options?: GetOptions): S[K] | undefined
  /** Reads one key, or returns `options.default` if it is missing or expired. */
  get<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): S[K] | D
  /** Stores a value and replaces the old one, for `timeout` **seconds**; `null`: never expires. */
  set<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): void
  /** Stores a value only if the key is missing or expired: `true` if it was stored. */
  add<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): boolean
  /** Reads a key. On a miss, stores and returns the result of `loader`, for `timeout` **seconds**. */
  getOrSet<K extends KeyOf<S>>(
    key: K,
    loader: SyncLoader<S[K]>,
    options?: TimeoutOr<SyncGetOrSetOptions>,
  ): S[K]
  /** Sets a new deadline for a live key, in **seconds** from now: `false` if it is missing or expired. */
  touch(key: KeyOf<S>, options?: TimeoutOr<TouchOptions>): boolean
  /** Makes a key stale now: `true` if it was live. */
  expire(key: KeyOf<S>, options?: KeyOptions): boolean
  /** Reads a key with its age, the seconds it has left, and its tags. */
  entry<K extends KeyOf<S>>(key: K, options?: EntryOptions): CacheEntry<S[K]> | undefined
  /** Removes a key: `true` if a live entry was removed. */
  delete(key: KeyOf<S>, options?: KeyOptions): boolean
  /** Checks whether a key is live. */
  hasKey(key: KeyOf<S>, options?: ReadOptions): boolean
  /** Returns the **seconds** a key has left: `null` if it never expires, `undefined` if missing or expired. */
  ttl(key: KeyOf<S>, options?: ReadOptions): number | null | undefined
  /** Adds `delta` to a stored integer and keeps its deadline. Fails if missing, unless `initial` is given. */
  incr(key: CounterOf<S>, delta?: number, options?: IncrOptions): number
  /** Counts like `incr`, and returns the result with the **seconds** left. */
  incrWithTtl(key: CounterOf<S>, delta?: number, options?: IncrOptions): CountWithTtl
  /** Subtracts `delta` from a stored integer and keeps its deadline. */
  decr(key: CounterOf<S>, delta?: number, options?: IncrOptions): number
  /** Removes a key and returns its value. */
  pop<K extends KeyOf<S>>(key: K, options?: PopOptions): S[K] | undefined
  /** Removes a key and returns its value, or `options.default` if it is missing or expired. */
  pop<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): S[K] | D
  /** Reads many keys in one batch: a Map of the live ones, in the order of `keys`. */
  getMany<K extends KeyOf<S>>(keys: Iterable<K>, options?: EntryOptions): Map<K, S[K]>
  /** Stores many keys in one batch, for `timeout` **seconds**, and returns those that could not be stored. */
  setMany(data: DataOf<S>, options?: TimeoutOr<SetOptions>): string[]
  /** Removes many keys in one batch. Missing ones are ignored. */
  deleteMany(keys: Iterable<KeyOf<S>>, options?: KeyOptions): void
  /** Lists the live keys that begin with `prefix`. */
  keys(prefix?: string, options?: KeyOptions): Generator<KeyOf<S>, void, undefined>
  /** Lists the live entries whose keys begin with `prefix`. */
  entries(prefix?: string, options?: ListOptions): Generator<PairFor<S>, void, undefined>
  /** Moves a key to version + `delta`, with its remaining time, and returns that version. */
  incrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): number
  /** Moves a key to version − `delta`, with its remaining time, and returns that version. */
  decrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): number
}

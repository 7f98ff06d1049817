import type { AsyncCache } from './cache.ts'
import type { Loader } from './get-or-set.ts'
import type {
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  PopOptions,
  ReadOptions,
  SetOptions,
  TimeoutOr,
} from './options.ts'
import type { SyncCache } from './sync-cache.ts'

type KeyOf<S> = keyof S & string
/** The keys under which numbers are kept: what can be counted on. */
type CounterOf<S> = { [K in KeyOf<S>]: S[K] extends number ? K : never }[KeyOf<S>]
type PairOf<S> = { [K in KeyOf<S>]: readonly [K, S[K]] }[KeyOf<S>]
type DataOf<S> = { readonly [K in keyof S]?: S[K] } | Iterable<PairOf<S>>
type WithDefault<D> = GetOptions<D> & { readonly default: D }

/**
 * An {@link AsyncCache} that knows its keys, by names or patterns such as `` `user:${string}` ``: another key, or a value
 * of another type, is an error of the compiler. For the compiler only: nothing is checked at run time, and nothing is added
 * to the bundle.
 *
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

/** A {@link SyncCache} that knows its keys: see {@link TypedCache}. */
export interface TypedSyncCache<S extends object>
  extends Omit<SyncCache, keyof KeyedMethods<S> | keyof KeyedTwins<S>>,
    KeyedMethods<Required<S>>,
    KeyedTwins<Required<S>> {}

/** Of keys that are all there: any may be missing from a cache, so a key marked as optional is one like any other. */
interface KeyedMethods<S extends object> {
  /** Reads one key: its value, or `undefined` when it is missing or expired. */
  aget<K extends KeyOf<S>>(key: K, options?: GetOptions): Promise<S[K] | undefined>
  /** Reads one key, or gives `options.default` when it is missing or expired. */
  aget<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): Promise<S[K] | D>
  /** Stores a value, over whatever was there, for `timeout` **seconds**; `null` = never expires. */
  aset<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): Promise<void>
  /** Stores a value only if the key is missing or expired: `true` if it did. */
  aadd<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): Promise<boolean>
  /** Reads a key, and on a miss stores and gives what `loader` gives, for `timeout` **seconds**. */
  agetOrSet<K extends KeyOf<S>>(
    key: K,
    loader: Loader<S[K]>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<S[K]>
  /** Gives a live key a new deadline, in **seconds** from now: `false` if it is missing or expired. */
  atouch(key: KeyOf<S>, options?: TimeoutOr<SetOptions>): Promise<boolean>
  /** Removes a key: `true` if a live entry was removed. */
  adelete(key: KeyOf<S>, options?: KeyOptions): Promise<boolean>
  /** Tells whether a key is live. */
  ahasKey(key: KeyOf<S>, options?: ReadOptions): Promise<boolean>
  /** Tells how many **seconds** a key has left: `null` = never expires, `undefined` = missing or expired. */
  attl(key: KeyOf<S>, options?: ReadOptions): Promise<number | null | undefined>
  /** Adds `delta` to a stored integer in one step, and keeps its deadline. Fails if missing, unless `initial` is given. */
  aincr(key: CounterOf<S>, delta?: number, options?: IncrOptions): Promise<number>
  /** Subtracts `delta` from a stored integer in one step, and keeps its deadline. */
  adecr(key: CounterOf<S>, delta?: number, options?: IncrOptions): Promise<number>
  /** Takes a key out: gives its value and deletes it in one step. */
  apop<K extends KeyOf<S>>(key: K, options?: PopOptions): Promise<S[K] | undefined>
  /** Takes a key out in one step, or gives `options.default` when it is missing or expired. */
  apop<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): Promise<S[K] | D>
  /** Reads many keys in one trip: a Map of the live ones, in the order asked. */
  agetMany<K extends KeyOf<S>>(keys: Iterable<K>, options?: ReadOptions): Promise<Map<K, S[K]>>
  /** Stores many keys in one trip, for `timeout` **seconds**, and gives those too large to be stored. */
  asetMany(data: DataOf<S>, options?: TimeoutOr<SetOptions>): Promise<string[]>
  /** Removes many keys in one trip. Missing ones are ignored. */
  adeleteMany(keys: Iterable<KeyOf<S>>, options?: KeyOptions): Promise<void>
  /** Moves a key to its version + `delta`, with its remaining time, and gives that version. */
  aincrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): Promise<number>
  /** Moves a key to its version − `delta`, with its remaining time, and gives that version. */
  adecrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): Promise<number>
}

interface KeyedTwins<S extends object> {
  /** Reads one key: its value, or `undefined` when it is missing or expired. */
  get<K extends KeyOf<S>>(key: K, options?: GetOptions): S[K] | undefined
  /** Reads one key, or gives `options.default` when it is missing or expired. */
  get<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): S[K] | D
  /** Stores a value, over whatever was there, for `timeout` **seconds**; `null` = never expires. */
  set<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): void
  /** Stores a value only if the key is missing or expired: `true` if it did. */
  add<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): boolean
  /** Reads a key, and on a miss stores and gives what `loader` gives, for `timeout` **seconds**. */
  getOrSet<K extends KeyOf<S>>(key: K, loader: S[K] | (() => S[K]), options?: TimeoutOr<SetOptions>): S[K]
  /** Gives a live key a new deadline, in **seconds** from now: `false` if it is missing or expired. */
  touch(key: KeyOf<S>, options?: TimeoutOr<SetOptions>): boolean
  /** Removes a key: `true` if a live entry was removed. */
  delete(key: KeyOf<S>, options?: KeyOptions): boolean
  /** Tells whether a key is live. */
  hasKey(key: KeyOf<S>, options?: ReadOptions): boolean
  /** Tells how many **seconds** a key has left: `null` = never expires, `undefined` = missing or expired. */
  ttl(key: KeyOf<S>, options?: ReadOptions): number | null | undefined
  /** Adds `delta` to a stored integer in one step, and keeps its deadline. Fails if missing, unless `initial` is given. */
  incr(key: CounterOf<S>, delta?: number, options?: IncrOptions): number
  /** Subtracts `delta` from a stored integer in one step, and keeps its deadline. */
  decr(key: CounterOf<S>, delta?: number, options?: IncrOptions): number
  /** Takes a key out: gives its value and deletes it in one step. */
  pop<K extends KeyOf<S>>(key: K, options?: PopOptions): S[K] | undefined
  /** Takes a key out in one step, or gives `options.default` when it is missing or expired. */
  pop<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): S[K] | D
  /** Reads many keys in one trip: a Map of the live ones, in the order asked. */
  getMany<K extends KeyOf<S>>(keys: Iterable<K>, options?: ReadOptions): Map<K, S[K]>
  /** Stores many keys in one trip, for `timeout` **seconds**, and gives those too large to be stored. */
  setMany(data: DataOf<S>, options?: TimeoutOr<SetOptions>): string[]
  /** Removes many keys in one trip. Missing ones are ignored. */
  deleteMany(keys: Iterable<KeyOf<S>>, options?: KeyOptions): void
  /** Moves a key to its version + `delta`, with its remaining time, and gives that version. */
  incrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): number
  /** Moves a key to its version − `delta`, with its remaining time, and gives that version. */
  decrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): number
}

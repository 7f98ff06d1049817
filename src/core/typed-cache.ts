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
  aget<K extends KeyOf<S>>(key: K, options?: GetOptions): Promise<S[K] | undefined>
  aget<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): Promise<S[K] | D>
  aset<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): Promise<void>
  aadd<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): Promise<boolean>
  agetOrSet<K extends KeyOf<S>>(
    key: K,
    loader: Loader<S[K]>,
    options?: TimeoutOr<GetOrSetOptions>,
  ): Promise<S[K]>
  atouch(key: KeyOf<S>, options?: TimeoutOr<SetOptions>): Promise<boolean>
  adelete(key: KeyOf<S>, options?: KeyOptions): Promise<boolean>
  ahasKey(key: KeyOf<S>, options?: ReadOptions): Promise<boolean>
  attl(key: KeyOf<S>, options?: ReadOptions): Promise<number | null | undefined>
  aincr(key: CounterOf<S>, delta?: number, options?: IncrOptions): Promise<number>
  adecr(key: CounterOf<S>, delta?: number, options?: IncrOptions): Promise<number>
  apop<K extends KeyOf<S>>(key: K, options?: PopOptions): Promise<S[K] | undefined>
  apop<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): Promise<S[K] | D>
  agetMany<K extends KeyOf<S>>(keys: Iterable<K>, options?: ReadOptions): Promise<Map<K, S[K]>>
  asetMany(data: DataOf<S>, options?: TimeoutOr<SetOptions>): Promise<string[]>
  adeleteMany(keys: Iterable<KeyOf<S>>, options?: KeyOptions): Promise<void>
  aincrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): Promise<number>
  adecrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): Promise<number>
}

interface KeyedTwins<S extends object> {
  get<K extends KeyOf<S>>(key: K, options?: GetOptions): S[K] | undefined
  get<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): S[K] | D
  set<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): void
  add<K extends KeyOf<S>>(key: K, value: S[K], options?: TimeoutOr<SetOptions>): boolean
  getOrSet<K extends KeyOf<S>>(key: K, loader: S[K] | (() => S[K]), options?: TimeoutOr<SetOptions>): S[K]
  touch(key: KeyOf<S>, options?: TimeoutOr<SetOptions>): boolean
  delete(key: KeyOf<S>, options?: KeyOptions): boolean
  hasKey(key: KeyOf<S>, options?: ReadOptions): boolean
  ttl(key: KeyOf<S>, options?: ReadOptions): number | null | undefined
  incr(key: CounterOf<S>, delta?: number, options?: IncrOptions): number
  decr(key: CounterOf<S>, delta?: number, options?: IncrOptions): number
  pop<K extends KeyOf<S>>(key: K, options?: PopOptions): S[K] | undefined
  pop<K extends KeyOf<S>, D>(key: K, options: WithDefault<D>): S[K] | D
  getMany<K extends KeyOf<S>>(keys: Iterable<K>, options?: ReadOptions): Map<K, S[K]>
  setMany(data: DataOf<S>, options?: TimeoutOr<SetOptions>): string[]
  deleteMany(keys: Iterable<KeyOf<S>>, options?: KeyOptions): void
  incrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): number
  decrVersion(key: KeyOf<S>, delta?: number, options?: KeyOptions): number
}

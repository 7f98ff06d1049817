/** The part of a Workers KV namespace that is used: `env.CACHE_KV`, or a double of it in tests. */
export interface CacheKVNamespace {
  getWithMetadata<Metadata>(
    key: string,
    options: KVReadOptions<'text'>,
  ): Promise<KVValueWithMetadata<Metadata>>
  /** Up to 100 keys in one call. A missing key has `null`. */
  getWithMetadata<Metadata>(
    keys: string[],
    options: KVReadOptions<'text'>,
  ): Promise<Map<string, KVValueWithMetadata<Metadata> | null>>
  get(key: string, options: KVReadOptions<'arrayBuffer'>): Promise<ArrayBuffer | null>
  put(key: string, value: string | Uint8Array, options?: KVWriteOptions): Promise<void>
  delete(key: string): Promise<void>
}

export interface KVReadOptions<Type extends string> {
  readonly type: Type
  /** Seconds for which this location may cache the result, a miss included. */
  readonly cacheTtl?: number
}

export interface KVWriteOptions {
  /** Seconds, at least 60, from the time of the write. */
  readonly expirationTtl?: number
  readonly metadata?: unknown
}

export interface KVValueWithMetadata<Metadata> {
  readonly value: string | null
  readonly metadata: Metadata | null
}

/** The part of a Workers KV namespace that is used here: `env.CACHE_KV` is one, and so is a double of it in tests. */
export interface CacheKVNamespace {
  getWithMetadata<Metadata>(
    key: string,
    options: KVReadOptions<'text'>,
  ): Promise<KVValueWithMetadata<Metadata>>
  /** Up to 100 keys in one call; for what is absent there is `null`. */
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
  /** Seconds for which this location may keep what it read, also that there was nothing. */
  readonly cacheTtl?: number
}

export interface KVWriteOptions {
  /** Seconds, at least 60, from when KV takes it. */
  readonly expirationTtl?: number
  readonly metadata?: unknown
}

export interface KVValueWithMetadata<Metadata> {
  readonly value: string | null
  readonly metadata: Metadata | null
}

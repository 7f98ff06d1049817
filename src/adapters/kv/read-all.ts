import { MAX_BULK_KEYS } from './limits.ts'
import type { CacheKVNamespace, KVValueWithMetadata } from './namespace.ts'

/** Reads any number of keys, in the order asked: as many in one call as KV takes. `cacheTtl` in seconds. */
export async function readAll<Metadata>(
  kv: CacheKVNamespace,
  keys: readonly string[],
  cacheTtl: number,
): Promise<readonly (KVValueWithMetadata<Metadata> | null | undefined)[]> {
  const options = { type: 'text', cacheTtl } as const
  const [only] = keys
  if (only === undefined) return []
  if (keys.length === 1) return [await kv.getWithMetadata<Metadata>(only, options)]
  const portions: Promise<Map<string, KVValueWithMetadata<Metadata> | null>>[] = []
  for (let at = 0; at < keys.length; at += MAX_BULK_KEYS) {
    portions.push(kv.getWithMetadata<Metadata>(keys.slice(at, at + MAX_BULK_KEYS), options))
  }
  const found = await Promise.all(portions)
  return keys.map((key, index) => found[Math.floor(index / MAX_BULK_KEYS)]?.get(key))
}

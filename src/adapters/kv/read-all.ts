import { withCacheTtl } from './cache-ttl.ts'
import { MAX_BULK_KEYS } from './limits.ts'
import type { CacheKVNamespace, KVValueWithMetadata } from './namespace.ts'

type Found<Metadata> = KVValueWithMetadata<Metadata> | null | undefined

/** Reads any number of keys, in the order asked: as many in one call as KV takes. `cacheTtl` in seconds. */
export async function readAll<Metadata>(
  kv: CacheKVNamespace,
  keys: readonly string[],
  cacheTtl: number,
): Promise<readonly Found<Metadata>[]> {
  if (keys.length <= MAX_BULK_KEYS) return readPortion(kv, keys, cacheTtl)
  const portions: Promise<readonly Found<Metadata>[]>[] = []
  for (let at = 0; at < keys.length; at += MAX_BULK_KEYS) {
    portions.push(readPortion(kv, keys.slice(at, at + MAX_BULK_KEYS), cacheTtl))
  }
  return (await Promise.all(portions)).flat()
}

async function readPortion<Metadata>(
  kv: CacheKVNamespace,
  keys: readonly string[],
  cacheTtl: number,
): Promise<readonly Found<Metadata>[]> {
  const [only] = keys
  if (only === undefined) return []
  if (keys.length === 1) {
    const lone = (seconds: number) => kv.getWithMetadata<Metadata>(only, { type: 'text', cacheTtl: seconds })
    return [await withCacheTtl(kv, cacheTtl, lone)]
  }
  try {
    const found = await withCacheTtl(kv, cacheTtl, (seconds) =>
      kv.getWithMetadata<Metadata>([...keys], { type: 'text', cacheTtl: seconds }),
    )
    return keys.map((key) => found.get(key))
  } catch (error) {
    // Together they are more than one answer can hold, and only KV knows it. Its errors tell by their text alone.
    if (!String(error).includes('413')) throw error
    const half = keys.length >> 1
    const halves = [keys.slice(0, half), keys.slice(half)].map((part) =>
      readPortion<Metadata>(kv, part, cacheTtl),
    )
    return (await Promise.all(halves)).flat()
  }
}

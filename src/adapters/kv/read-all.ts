import { withCacheTtl } from './cache-ttl.ts'
import { statusOf } from './kv-errors.ts'
import { MAX_BULK_KEYS, MAX_KEY_BYTES } from './limits.ts'
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
  const readOne = (key: string) =>
    withCacheTtl(kv, cacheTtl, (seconds) =>
      kv.getWithMetadata<Metadata>(key, { type: 'text', cacheTtl: seconds }),
    )
  if (keys.length === 1) return [await readOne(only)]
  if (readsNoneAtOnce.has(kv)) return Promise.all(keys.map(readOne))
  try {
    const found = await withCacheTtl(kv, cacheTtl, (seconds) =>
      kv.getWithMetadata<Metadata>([...keys], { type: 'text', cacheTtl: seconds }),
    )
    if (typeof found.get === 'function') return keys.map((key) => found.get(key))
    readsNoneAtOnce.add(kv)
    return await Promise.all(keys.map(readOne))
  } catch (error) {
    if (statusOf(error) === URI_TOO_LONG && keys.every((key) => key.length <= MAX_KEY_BYTES)) {
      readsNoneAtOnce.add(kv)
      return Promise.all(keys.map(readOne))
    }
    // Together they are more than one answer can hold, and only KV knows it. Its errors tell by their text alone.
    if (!String(error).includes('413')) throw error
    const half = keys.length >> 1
    const halves = [keys.slice(0, half), keys.slice(half)].map((part) =>
      readPortion<Metadata>(kv, part, cacheTtl),
    )
    return (await Promise.all(halves)).flat()
  }
}

/**
 * Local simulators of before April 2025 take many keys for one, with commas in it, which is seldom there and may be too long.
 * https://developers.cloudflare.com/kv/api/read-key-value-pairs/#request-multiple-keys-with-the-get-method
 */
const readsNoneAtOnce = new WeakSet<object>()
const URI_TOO_LONG = 414

import { statusOf } from './kv-errors.ts'
import { MAX_BULK_KEYS, MAX_KEY_BYTES } from './limits.ts'
import type { CacheKVNamespace, KVValueWithMetadata } from './namespace.ts'

type Found<Metadata> = KVValueWithMetadata<Metadata> | null | undefined

/** Reads any number of keys, in the order asked, with as few calls as KV allows. `cacheTtl` in seconds. */
export async function readMany<Metadata>(
  kv: CacheKVNamespace,
  keys: readonly string[],
  cacheTtl: number,
): Promise<readonly Found<Metadata>[]> {
  if (keys.length <= MAX_BULK_KEYS) return readBatch(kv, keys, cacheTtl)
  const batches: Promise<readonly Found<Metadata>[]>[] = []
  for (let at = 0; at < keys.length; at += MAX_BULK_KEYS) {
    batches.push(readBatch(kv, keys.slice(at, at + MAX_BULK_KEYS), cacheTtl))
  }
  return (await Promise.all(batches)).flat()
}

async function readBatch<Metadata>(
  kv: CacheKVNamespace,
  keys: readonly string[],
  cacheTtl: number,
): Promise<readonly Found<Metadata>[]> {
  const readEach = () =>
    Promise.all(
      keys.map((key) =>
        withCacheTtl(kv, cacheTtl, (seconds) =>
          kv.getWithMetadata<Metadata>(key, { type: 'text', cacheTtl: seconds }),
        ),
      ),
    )
  if (keys.length <= 1 || hasNoBulkReads.has(kv)) return readEach()
  try {
    const found = await withCacheTtl(kv, cacheTtl, (seconds) =>
      kv.getWithMetadata<Metadata>([...keys], { type: 'text', cacheTtl: seconds }),
    )
    if (typeof found.get === 'function') return keys.map((key) => found.get(key))
  } catch (error) {
    // Together the values exceed one response. Only the error's text says so.
    if (String(error).includes('413')) {
      const middle = keys.length >> 1
      const halves = [keys.slice(0, middle), keys.slice(middle)]
      return (await Promise.all(halves.map((half) => readBatch<Metadata>(kv, half, cacheTtl)))).flat()
    }
    if (statusOf(error) !== URI_TOO_LONG || keys.some((key) => key.length > MAX_KEY_BYTES)) throw error
  }
  hasNoBulkReads.add(kv)
  return readEach()
}

/**
 * Local simulators before April 2025 take an array of keys for one key with commas in it, which is missing or too long.
 * https://developers.cloudflare.com/kv/api/read-key-value-pairs/#request-multiple-keys-with-the-get-method
 */
const hasNoBulkReads = new WeakSet<object>()
const URI_TOO_LONG = 414

/**
 * Reads from KV with a `cacheTtl` (seconds) as short as KV accepts. Until January 2026 it was at least 60, and local simulators of
 * that time still refuse less. https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter
 */
export async function withCacheTtl<T>(
  kv: object,
  cacheTtl: number,
  read: (cacheTtl: number) => Promise<T>,
): Promise<T> {
  if (cacheTtl >= FORMER_MIN_CACHE_TTL) return read(cacheTtl)
  if (refusesShortTtl.has(kv)) return read(FORMER_MIN_CACHE_TTL)
  try {
    return await read(cacheTtl)
  } catch (error) {
    if (!/invalid cache_?ttl/i.test(String(error))) throw error
    refusesShortTtl.add(kv)
    return read(FORMER_MIN_CACHE_TTL)
  }
}

/** Seconds. */
const FORMER_MIN_CACHE_TTL = 60
const refusesShortTtl = new WeakSet<object>()

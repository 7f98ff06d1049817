/**
 * Reads from KV, with a `cacheTtl` in seconds as short as KV takes it. It took no less than 60 until January 2026, and local
 * simulators of before still do not. https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter
 */
export async function withCacheTtl<T>(
  kv: object,
  cacheTtl: number,
  read: (cacheTtl: number) => Promise<T>,
): Promise<T> {
  if (cacheTtl >= FORMER_LEAST) return read(cacheTtl)
  if (takesNoShorter.has(kv)) return read(FORMER_LEAST)
  try {
    return await read(cacheTtl)
  } catch (error) {
    if (!/invalid cache_?ttl/i.test(String(error))) throw error
    takesNoShorter.add(kv)
    return read(FORMER_LEAST)
  }
}

/** Seconds. */
const FORMER_LEAST = 60

const takesNoShorter = new WeakSet<object>()

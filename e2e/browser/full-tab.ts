import { type IndexedDBAdapterOptions, indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import { type AsyncCache, type CacheError, createCache } from '../../src/index.ts'

declare global {
  /** Opens a cache whose clock the tests move. */
  var openCache: (limits: Partial<IndexedDBAdapterOptions>) => AsyncCache
  /** Milliseconds by which the clock of all caches of this tab is ahead. */
  var ahead: number
  /** Bytes that no storage can pack. */
  var noise: (length: number) => Uint8Array<ArrayBuffer>
  /** Which of `count` keys `k0`, `k1`, … hold noise of `length`, by their numbers. */
  var held: (cache: AsyncCache, count: number, length: number) => Promise<number[]>
  var failureOf: (promise: Promise<unknown>) => Promise<CacheError | undefined>
}

globalThis.ahead = 0

globalThis.openCache = (limits) =>
  createCache({
    adapter: indexedDBAdapter({ name: 'full', ...limits }),
    timeout: 600,
    clock: () => Date.now() + globalThis.ahead,
  })

globalThis.noise = (length) => {
  const bytes = new Uint8Array(length)
  for (let start = 0; start < length; start += 65_536) {
    crypto.getRandomValues(bytes.subarray(start, Math.min(length, start + 65_536)))
  }
  return bytes
}

globalThis.held = async (cache, count, length) => {
  const found = await cache.agetMany<Uint8Array>(Array.from({ length: count }, (_, index) => `k${index}`))
  for (const bytes of found.values()) if (bytes.length !== length) throw new Error('half of a value')
  return [...found.keys()].map((key) => Number(key.slice(1)))
}

globalThis.failureOf = (promise) =>
  promise.then(
    () => undefined,
    (error: CacheError) => ({ name: error.name, code: error.code, estimate: error.estimate }) as CacheError,
  )

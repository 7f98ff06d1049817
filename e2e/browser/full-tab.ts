import {
  type Announcements,
  announcements,
  type CacheChange,
  type IndexedDBAdapter,
  type IndexedDBAdapterOptions,
  indexedDBAdapter,
  type LruLimitsOptions,
  lruLimits,
} from '../../src/adapters/indexeddb/index.ts'
import { type AsyncCache, type CacheError, createCache } from '../../src/index.ts'

declare global {
  /** Opens a cache whose clock the tests move. */
  var openCache: (
    options: Pick<IndexedDBAdapterOptions, 'whenIdle'> & { announces?: boolean; limits?: LruLimitsOptions },
  ) => AsyncCache
  /** Milliseconds by which the clock of all caches of this tab is ahead. */
  var ahead: number
  /** Bytes that no storage can pack. */
  var noise: (length: number) => Uint8Array<ArrayBuffer>
  /** Which of `count` keys `k0`, `k1`, … hold noise of `length`, by their numbers. */
  var held: (cache: AsyncCache, count: number, length: number) => Promise<number[]>
  var adapterOf: (cache: AsyncCache) => IndexedDBAdapter
  /** How many there are in each store, looked at from outside. */
  var stored: () => Promise<Record<string, number>>
  /** Takes note of each change announced, and of what the key `a` then holds. */
  var listen: () => void
  var stopListening: () => void
  /** All that was heard, once a change of that kind was. */
  var heardUntil: (kind: CacheChange['kind']) => Promise<(CacheChange & { value: unknown })[]>
  var failureOf: (promise: Promise<unknown>) => Promise<CacheError | undefined>
}

globalThis.ahead = 0

const adapters = new WeakMap<AsyncCache, IndexedDBAdapter>()

globalThis.openCache = ({ announces = false, limits, ...options }) => {
  const adapter = indexedDBAdapter({
    name: 'full',
    announcements: announces ? announcements() : undefined,
    limits: limits && lruLimits(limits),
    ...options,
  })
  const cache = createCache({ adapter, timeout: 600, clock: () => Date.now() + globalThis.ahead })
  adapters.set(cache, adapter)
  return cache
}

globalThis.adapterOf = (cache) => adapters.get(cache) as IndexedDBAdapter

const counted = (store: IDBObjectStore): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = store.count()
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

globalThis.stored = async () => {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('full')
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
  const names = ['entries', 'values', 'uses']
  const transaction = database.transaction(names)
  const counts = await Promise.all(names.map((name) => counted(transaction.objectStore(name))))
  database.close()
  return Object.fromEntries(names.map((name, index) => [name, counts[index] as number]))
}

let heard: (CacheChange & { value: unknown })[] = []
let noted = (): void => {}

globalThis.listen = () => {
  const cache = globalThis.openCache({ announces: true })
  heard = []
  globalThis.stopListening = (adapterOf(cache).announcements as Announcements).subscribe(async (change) => {
    const note = { ...change, value: undefined as unknown }
    heard.push(note)
    note.value = await cache.aget('a', { default: 'gone' })
    noted()
  })
}

globalThis.heardUntil = async (kind) => {
  while (!heard.some((change) => change.kind === kind) || heard.some(({ value }) => value === undefined)) {
    await new Promise<void>((resolve) => {
      noted = resolve
    })
  }
  return heard
}

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

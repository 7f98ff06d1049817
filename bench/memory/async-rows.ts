import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { createCache } from '../../src/index.ts'
import { missed, peer, type Row, type RowMaker, TIMEOUT, TTL } from './rows.ts'

interface Peer {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<unknown>
}
interface Wrapping extends Peer {
  wrap(key: string, load: () => unknown): Promise<unknown>
}
interface GettingOrSetting extends Peer {
  getOrSet(key: string, load: () => unknown): Promise<unknown>
}
interface Bento {
  get(options: { key: string }): Promise<unknown>
  set(options: { key: string; value: unknown }): Promise<unknown>
  getOrSet(options: { key: string; factory: () => unknown }): Promise<unknown>
}
interface Fetching {
  set(key: string, value: unknown): unknown
  fetch(key: string): Promise<unknown>
}
interface Storage {
  getItem(key: string): Promise<unknown>
  setItem(key: string, value: unknown): Promise<void>
}
interface BentoStore {
  useL1Layer(driver: unknown): BentoStore
}

const { Keyv } = await peer<{ Keyv: new (options: object) => Peer }>('keyv')
const cacheManagers = await peer<{ createCache(options: object): Wrapping }>('cache-manager')
const { Cacheable } = await peer<{ Cacheable: new (options: object) => GettingOrSetting }>('cacheable')
const { BentoCache, bentostore } = await peer<{
  BentoCache: new (options: object) => Bento
  bentostore(): BentoStore
}>('bentocache')
const bentoDrivers = await peer<{ memoryDriver(options: object): unknown }>('bentocache/drivers/memory')
const { cachified } = await peer<{ cachified(options: object): Promise<unknown> }>('@epic-web/cachified')
const { createStorage } = await peer<{ createStorage(options: object): Storage }>('unstorage')
const storageDrivers = await peer<{ default(options: object): unknown }>('unstorage/drivers/memory')
const { LRUCache } = await peer<{ LRUCache: new (options: object) => Fetching }>('lru-cache')

const plus1 = (value: unknown): number => (value as number) + 1

class AsyncMap {
  readonly #map = new Map<string, unknown>()

  async get(key: string): Promise<unknown> {
    return this.#map.get(key)
  }

  async set(key: string, value: unknown): Promise<void> {
    this.#map.set(key, value)
  }

  async incr(key: string): Promise<number> {
    const value = plus1(this.#map.get(key))
    this.#map.set(key, value)
    return value
  }
}

function asyncMap(): Row {
  const map = new AsyncMap()
  return {
    get: (key) => map.get(key),
    set: (key, value) => map.set(key, value),
    incr: (key) => map.incr(key),
    // All that a hit has to do.
    getOrSet: (key) => map.get(key),
  }
}

/** The least that an entry with a deadline of its own can cost: the floor for all that check it. */
class AsyncExpiringMap {
  readonly #map = new Map<string, { readonly v: unknown; readonly exp: number }>()

  async get(key: string): Promise<unknown> {
    const entry = this.#map.get(key)
    return entry !== undefined && entry.exp > Date.now() ? entry.v : undefined
  }

  async set(key: string, value: unknown): Promise<void> {
    this.#map.set(key, { v: value, exp: Date.now() + TTL })
  }
}

function asyncExpiringMap(): Row {
  const map = new AsyncExpiringMap()
  return {
    get: (key) => map.get(key),
    set: (key, value) => map.set(key, value),
    incr: async (key) => map.set(key, plus1(await map.get(key))),
    getOrSet: (key) => map.get(key),
  }
}

const keyv = (unserialized: boolean) => (): Row => {
  const cache = new Keyv(unserialized ? { ttl: TTL, serialization: false } : { ttl: TTL })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    incr: async (key) => cache.set(key, plus1(await cache.get(key))),
  }
}

function cacheManager(): Row {
  const cache = cacheManagers.createCache({ ttl: TTL })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    incr: async (key) => cache.set(key, plus1(await cache.get(key))),
    getOrSet: (key) => cache.wrap(key, missed),
  }
}

function cacheable(): Row {
  const cache = new Cacheable({ ttl: TTL })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    incr: async (key) => cache.set(key, plus1(await cache.get(key))),
    getOrSet: (key) => cache.getOrSet(key, missed),
  }
}

const bentocache =
  (serialize: boolean) =>
  (maxItems: number): Row => {
    const store = bentostore().useL1Layer(bentoDrivers.memoryDriver({ maxItems, serialize }))
    const cache = new BentoCache({ default: 'memory', ttl: TTL, stores: { memory: store } })
    return {
      get: (key) => cache.get({ key }),
      set: (key, value) => cache.set({ key, value }),
      incr: async (key) => cache.set({ key, value: plus1(await cache.get({ key })) }),
      getOrSet: (key) => cache.getOrSet({ key, factory: missed }),
    }
  }

function cachifiedMap(): Row {
  const cache = new Map<string, unknown>()
  return {
    fill: (key, value) => cache.set(key, { value, metadata: { createdTime: Date.now(), ttl: TTL } }),
    getOrSet: (key) => cachified({ key, cache, ttl: TTL, getFreshValue: missed }),
  }
}

function unstorage(): Row {
  const cache = createStorage({ driver: storageDrivers.default({}) })
  return {
    get: (key) => cache.getItem(key),
    set: (key, value) => cache.setItem(key, value),
    incr: async (key) => cache.setItem(key, plus1(await cache.getItem(key))),
  }
}

function lruFetch(max: number): Row {
  const cache = new LRUCache({ max, ttl: TTL, fetchMethod: missed })
  return {
    fill: (key, value) => cache.set(key, value),
    getOrSet: (key) => cache.fetch(key),
  }
}

function nearcache(values: 'shared' | 'copied', timeout: number | null): RowMaker {
  const make = (maxEntries: number): Row => {
    const cache = createCache({ adapter: memoryAdapter({ values, maxEntries: maxEntries + 1 }), timeout })
    return {
      get: (key) => cache.aget(key),
      set: (key, value) => cache.aset(key, value),
      incr: (key) => cache.aincr(key),
      getOrSet: (key) => cache.agetOrSet(key, missed),
    }
  }
  return { id: `nearcache/${values}/${timeout}`, label: `**nearcache** ${values}, timeout ${timeout}`, make }
}

/** The first is the baseline. */
export const asyncRows: readonly RowMaker[] = [
  { id: 'map', label: 'async Map', make: asyncMap },
  { id: 'map-expiring', label: 'async Map of `{v, exp}`, `Date.now()` per op', make: asyncExpiringMap },
  nearcache('shared', TIMEOUT),
  nearcache('shared', null),
  nearcache('copied', TIMEOUT),
  nearcache('copied', null),
  { id: 'keyv', label: 'keyv', make: keyv(false) },
  { id: 'keyv/unserialized', label: 'keyv, serialization off', make: keyv(true) },
  { id: 'cache-manager', label: 'cache-manager (`wrap`)', make: cacheManager },
  { id: 'cacheable', label: 'cacheable', make: cacheable },
  { id: 'bentocache', label: 'bentocache L1', make: bentocache(true) },
  { id: 'bentocache/unserialized', label: 'bentocache L1, serialize off', make: bentocache(false) },
  { id: 'cachified', label: 'cachified over a Map', make: cachifiedMap },
  { id: 'lru-cache/fetch', label: 'lru-cache `fetch`, max + ttl', make: lruFetch },
  { id: 'unstorage', label: 'unstorage memory (no ttl)', make: unstorage },
]

import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { createCache } from '../../src/index.ts'
import type { Peer } from './read-and-write.ts'
import { missed, peer, type Row, type RowMaker, TIMEOUT, TTL } from './rows.ts'

const { LRUCache } = await peer<{ LRUCache: new (options: object) => Peer }>('lru-cache')
const { TTLCache } = await peer<{ TTLCache: new (options: object) => Peer }>('@isaacs/ttlcache')
const { default: QuickLRU } = await peer<{ default: new (options: object) => Peer }>('quick-lru')
const { lru } = await peer<{ lru: (max: number, ttl: number) => Peer }>('tiny-lru')
const { LruMap } = await peer<{ LruMap: new (max: number, ttl: number) => Peer }>('toad-cache')
const { LRUMap } = await peer<{ LRUMap: new (capacity: number) => Peer }>('mnemonist')
const { default: NodeCache } = await peer<{ default: new (options: object) => Peer }>('node-cache')
const { CacheableMemory } = await peer<{ CacheableMemory: new (options: object) => Peer }>(
  '@cacheable/memory',
)

const NODE_CACHE = { stdTTL: TIMEOUT, useClones: false, checkperiod: 0 }
const CACHEABLE = { ttl: TTL, useClone: false }

/** Each library gets a copy of the module, so that V8 learns about each by itself. */
async function peerRow(id: string, label: string, create: (capacity: number) => Peer): Promise<RowMaker> {
  const { readAndWrite } = await peer<typeof import('./read-and-write.ts')>(`./read-and-write.ts?${id}`)
  return { id, label, make: (capacity) => readAndWrite(create(capacity)) }
}

/** What people write themselves. */
function expiringMap(): Row {
  const map = new Map<string, { v: unknown; exp: number }>()
  const set = (key: string, value: unknown) => map.set(key, { v: value, exp: Date.now() + TTL })
  const live = (key: string) => {
    const entry = map.get(key)
    return entry !== undefined && entry.exp > Date.now() ? entry : undefined
  }
  return {
    get: (key) => live(key)?.v,
    set,
    incr: (key) => {
      const entry = live(key)
      if (entry === undefined) return undefined
      entry.v = (entry.v as number) + 1
      return entry.v
    },
    getOrSet: (key, value) => live(key)?.v ?? set(key, value),
  }
}

function nearcache(values: 'shared' | 'copied', timeout: number | null): RowMaker {
  const make = (maxEntries: number): Row => {
    const cache = createCache({ adapter: memoryAdapter({ values, maxEntries: maxEntries + 1 }), timeout })
    return {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value),
      incr: (key) => cache.incr(key),
      getOrSet: (key) => cache.getOrSet(key, missed),
    }
  }
  return { id: `nearcache/${values}/${timeout}`, label: `**nearcache** ${values}, timeout ${timeout}`, make }
}

/** The first is the baseline. */
export const syncRows: readonly RowMaker[] = [
  await peerRow('map', 'Map', () => new Map()),
  nearcache('shared', TIMEOUT),
  nearcache('shared', null),
  nearcache('copied', TIMEOUT),
  nearcache('copied', null),
  { id: 'map/exp', label: 'Map of `{v, exp}`, `Date.now()` per op; incr in place', make: expiringMap },
  await peerRow('lru-cache', 'lru-cache, max', (max) => new LRUCache({ max })),
  await peerRow('lru-cache/ttl', 'lru-cache, max + ttl', (max) => new LRUCache({ max, ttl: TTL })),
  await peerRow(
    'ttlcache/ttl',
    '@isaacs/ttlcache (no check on get)',
    (max) => new TTLCache({ max, ttl: TTL }),
  ),
  await peerRow('quick-lru', 'quick-lru', (maxSize) => new QuickLRU({ maxSize })),
  await peerRow('quick-lru/ttl', 'quick-lru, maxAge', (maxSize) => new QuickLRU({ maxSize, maxAge: TTL })),
  await peerRow('tiny-lru', 'tiny-lru', (max) => lru(max, 0)),
  await peerRow('tiny-lru/ttl', 'tiny-lru, ttl', (max) => lru(max, TTL)),
  await peerRow('toad-cache/ttl', 'toad-cache LruMap, ttl', (max) => new LruMap(max, TTL)),
  await peerRow('mnemonist', 'mnemonist LRUMap (no ttl)', (capacity) => new LRUMap(capacity)),
  await peerRow('node-cache/ttl', 'node-cache, stdTTL, no clones', () => new NodeCache(NODE_CACHE)),
  await peerRow(
    'cacheable-memory/ttl',
    'CacheableMemory, ttl, no clones',
    () => new CacheableMemory(CACHEABLE),
  ),
]

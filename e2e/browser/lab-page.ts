import {
  announcements,
  type IndexedDBAdapterOptions,
  indexedDBAdapter,
  lruLimits,
  withFallback,
} from '../../src/adapters/indexeddb/index.ts'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import {
  type Adapter,
  type AsyncCache,
  type CacheOptions,
  createCache,
  isCacheError,
} from '../../src/index.ts'

/** How a call ended, in a form that leaves the page: functions and classes stay behind. */
export interface Told {
  readonly value?: unknown
  readonly code?: string
  readonly cause?: string
}

/** Work that goes on, round after round, until it is stopped. */
export interface Work {
  /** Resolves when the round after the running one has begun and ended. */
  wholeRound(): Promise<void>
  /** Resolves with the outcomes of all calls. */
  stop(): Promise<Told[]>
}

const DATABASE = 'lab'

function openCache(options: Partial<IndexedDBAdapterOptions> = {}): AsyncCache {
  return cacheOn(indexedDBAdapter({ name: DATABASE, ...options }))
}

function cacheOn(adapter: Adapter, options: Omit<CacheOptions, 'adapter'> = {}): AsyncCache {
  return createCache({ ...options, adapter })
}

async function told(call: Promise<unknown>): Promise<Told> {
  try {
    return { value: await call }
  } catch (error) {
    return isCacheError(error) ? { code: error.code, cause: String(error.cause) } : { code: String(error) }
  }
}

/** Calls again while the database does not open in time: the short `openTimeout` of a test is too short for a busy machine. */
async function insist(call: () => Promise<unknown>): Promise<Told> {
  for (;;) {
    const outcome = await told(call())
    if (!outcome.cause?.includes('did not open within')) return outcome
  }
}

/** Any database of the name, opened by hand: it gives way to nobody. */
function openByHand(version?: number, upgrade?: (database: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, version)
    request.onupgradeneeded = () => upgrade?.(request.result)
    request.onblocked = () => reject(new Error('blocked'))
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Keeps a readwrite transaction on all stores of the cache under way, as a suspended tab may. Gives what ends it. */
async function holdStores(): Promise<() => Promise<void>> {
  const database = await openByHand()
  const transaction = database.transaction(['entries', 'values', 'uses', 'totals'], 'readwrite')
  const store = transaction.objectStore('entries')
  let isHeld = true
  const ask = () => {
    const request = store.count()
    return new Promise<void>((resolve) => {
      request.onsuccess = () => {
        if (isHeld) ask()
        resolve()
      }
    })
  }
  await ask()
  return () => {
    isHeld = false
    return new Promise((resolve) => {
      transaction.oncomplete = () => {
        database.close()
        resolve()
      }
    })
  }
}

function deleteByHand(): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(DATABASE)
    request.onblocked = () => reject(new Error('blocked'))
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

/** The stores of the database and the indexes of each. */
async function layout(): Promise<Record<string, string[]>> {
  const database = await openByHand()
  const names = [...database.objectStoreNames]
  const transaction = names.length === 0 ? undefined : database.transaction(names)
  const indexes = names.map((name) => [name, Array.from(transaction?.objectStore(name).indexNames ?? [])])
  database.close()
  return Object.fromEntries(indexes)
}

function work(cache: AsyncCache): Work {
  return repeat((round) => startRound(cache, round))
}

function repeat(start: (round: number) => Promise<Promise<Told>[]>): Work {
  let isStopped = false
  let ended = () => {}
  let roundEnd: Promise<void> = Promise.resolve()
  const outcomes: Told[] = []
  const running = (async () => {
    for (let round = 0; !isStopped; round += 1) {
      roundEnd = new Promise((resolve) => {
        ended = resolve
      })
      outcomes.push(...(await Promise.all(await start(round))))
      ended()
    }
  })()
  return {
    wholeRound: async () => {
      await roundEnd
      // The next one begins in this very turn, once the loop has come round.
      await Promise.resolve()
      await roundEnd
    },
    stop: async () => {
      isStopped = true
      await running
      return outcomes
    },
  }
}

/** 500 calls at once, in ten turns of the event loop, so that there are several transactions to be caught in. */
async function startRound(cache: AsyncCache, round: number): Promise<Promise<Told>[]> {
  const calls: Promise<Told>[] = []
  for (let turn = 0; turn < 10; turn += 1) {
    for (let call = 0; call < 20; call += 1) {
      calls.push(told(cache.aset(`key-${call}`, round, null)), told(cache.aincr('count', 1, { initial: 0 })))
    }
    // Batcher that only write, only read, and do both meet a lost connection in different ways.
    await Promise.resolve()
    for (let call = 0; call < 5; call += 1) calls.push(told(cache.aget('nothing')))
    await Promise.resolve()
    for (let call = 0; call < 5; call += 1) calls.push(told(cache.aset(`key-${call}`, round, null)))
    await Promise.resolve()
  }
  const batch = batchKeys(round).map((key) => [key, round] as const)
  calls.push(told(cache.asetMany(batch, null)))
  return calls
}

function batchKeys(round: number): string[] {
  return Array.from({ length: 5 }, (_, index) => `batch-${round}-${index}`)
}

/** How many keys of each batch are stored: anything but none and 5 is a batch torn apart. */
async function batchSizes(cache: AsyncCache, rounds: number): Promise<number[]> {
  const sizes: number[] = []
  for (let round = 0; round < rounds; round += 1) sizes.push((await cache.agetMany(batchKeys(round))).size)
  return sizes
}

const tools = {
  cacheOn,
  openCache,
  indexedDBAdapter,
  announcements,
  lruLimits,
  withFallback,
  memoryAdapter,
  told,
  insist,
  openByHand,
  holdStores,
  deleteByHand,
  layout,
  work,
  repeat,
  batchSizes,
}

declare global {
  /** What the tests of faults drive in each page. */
  var lab: typeof tools
  /** What a test keeps in a page between two of its steps. */
  var kept: {
    cache: AsyncCache
    bounded: AsyncCache
    seen: () => { asked: number; heard: string[] }
    work: Work
    database: IDBDatabase
    late: Promise<unknown>
    letGo: () => Promise<void>
  }
}
globalThis.lab = tools
globalThis.kept = {} as typeof kept

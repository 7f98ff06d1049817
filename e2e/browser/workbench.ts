import {
  type IndexedDBAdapter,
  indexedDBAdapter,
  type LruLimitsOptions,
  lruLimits,
} from '../../src/adapters/indexeddb/index.ts'
import { createCache } from '../../src/index.ts'

/** What the tests make caches of in each tab, with options of their own, and look behind them with. */
const workbench = { createCache, indexedDBAdapter, openAdapter, noise, fill, look }

declare global {
  var nearcache: typeof workbench
}

globalThis.nearcache = workbench

/** An adapter with limits, if any are given. */
function openAdapter(name: string, limits?: LruLimitsOptions): IndexedDBAdapter {
  return indexedDBAdapter({ name, limits: limits && lruLimits(limits) })
}

/** Bytes that no browser can store as fewer. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const most = 65_536
  for (let start = 0; start < length; start += most) {
    crypto.getRandomValues(bytes.subarray(start, Math.min(start + most, length)))
  }
  return bytes
}

/** Takes all room that is left, in a database of its own. */
async function fill(): Promise<void> {
  const request = indexedDB.open('fill', 1)
  request.onupgradeneeded = () => request.result.createObjectStore('all', { autoIncrement: true })
  const database = await answer(request)
  for (const length of [200_000, 20_000, 2_000, 200]) {
    while (await isPut(database, noise(length))) {}
  }
  database.close()
}

function isPut(database: IDBDatabase, value: unknown): Promise<boolean> {
  const transaction = database.transaction('all', 'readwrite')
  transaction.objectStore('all').put(value)
  return new Promise((resolve) => {
    transaction.oncomplete = () => resolve(true)
    transaction.onabort = () => resolve(false)
  })
}

/** What a database of ours holds, past the adapter: the keys of each store, and the totals. */
async function look(name: string) {
  const database = await answer(indexedDB.open(name))
  const transaction = database.transaction(['entries', 'values', 'uses', 'totals'])
  const keys = (store: string) => answer(transaction.objectStore(store).getAllKeys())
  const [entries, values, uses, totals] = await Promise.all([
    keys('entries'),
    keys('values'),
    keys('uses'),
    answer<{ entries: number; bytes: number } | undefined>(transaction.objectStore('totals').get('all')),
  ])
  database.close()
  return { entries, values, uses, totals }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

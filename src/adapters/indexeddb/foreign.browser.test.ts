import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { isCacheError } from '../../core/errors.ts'
import { memoryAdapter } from '../memory/index.ts'
import { type IndexedDBAdapter, indexedDBAdapter, lruLimits, withFallback } from './index.ts'

afterEach(() => vi.restoreAllMocks())

type Upgrade = (database: IDBDatabase) => void

/** As its owner opens it. Rejects where another page stands in the way, even for a moment. */
function open(name: string, version?: number, upgrade: Upgrade = () => {}): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = () => upgrade(request.result)
    request.onblocked = () => reject(new Error('blocked'))
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function make(name: string, version: number, upgrade: Upgrade): Promise<void> {
  const database = await open(name, version, upgrade)
  database.close()
}

/** All that is in a database: its version, and of each store its form and rows. */
async function lookAt(name: string): Promise<unknown> {
  const database = await open(name)
  const stores: unknown[] = []
  for (const storeName of database.objectStoreNames) {
    const transaction = database.transaction(storeName)
    const store = transaction.objectStore(storeName)
    const rows = store.getAll()
    const keys = store.getAllKeys()
    await new Promise((resolve) => {
      transaction.oncomplete = resolve
    })
    const { keyPath, autoIncrement, indexNames } = store
    stores.push({
      storeName,
      keyPath,
      autoIncrement,
      indexes: [...indexNames],
      keys: keys.result,
      rows: rows.result,
    })
  }
  database.close()
  return { version: database.version, stores }
}

const ROWS = [
  { id: 'a', expiresAt: 1_000, title: 'dead by our measure' },
  { id: 'b', expiresAt: 2_000, title: 'too' },
]

function makeStores(database: IDBDatabase, ...names: string[]): void {
  for (const name of names) database.createObjectStore(name)
}

function makeAllButMark(database: IDBDatabase): IDBObjectStore {
  makeStores(database, 'values', 'totals')
  database.createObjectStore('uses').createIndex('used', 'used')
  const entries = database.createObjectStore('entries')
  entries.createIndex('expiresAt', 'expiresAt')
  return entries
}

const FOREIGN: readonly (readonly [string, Upgrade])[] = [
  [
    'entries with a key path, and rows',
    (database) => {
      const entries = database.createObjectStore('entries', { keyPath: 'id' })
      for (const row of ROWS) entries.put(row)
    },
  ],
  [
    'entries with a key path, and an index of deadlines as ours',
    (database) => {
      const entries = database.createObjectStore('entries', { keyPath: 'id' })
      entries.createIndex('expiresAt', 'expiresAt')
      for (const row of ROWS) entries.put(row)
    },
  ],
  [
    'entries with a key path, and nothing in it',
    (database) => database.createObjectStore('entries', { keyPath: 'id' }),
  ],
  [
    'entries whose keys the browser makes',
    (database) => database.createObjectStore('entries', { autoIncrement: true }).put(ROWS[0]),
  ],
  ['an empty store of entries, which could be anybody’s', (database) => makeStores(database, 'entries')],
  [
    'entries with rows that are not ours',
    (database) => {
      const entries = database.createObjectStore('entries')
      for (const row of ROWS) entries.put(row, row.id)
    },
  ],
  [
    'entries with rows that are not ours behind one that could be',
    (database) => {
      const entries = database.createObjectStore('entries')
      entries.put({ value: 1, expiresAt: null }, 'a')
      entries.put('text', 'b')
    },
  ],
  [
    'entries like ours under numbers',
    (database) => database.createObjectStore('entries').put({ value: 1, expiresAt: null }, 1),
  ],
  [
    'entries like ours with an index of its own',
    (database) => {
      const entries = database.createObjectStore('entries')
      entries.createIndex('title', 'title')
      entries.put({ value: 1, expiresAt: null }, 'a')
    },
  ],
  [
    'entries like ours with another index of our name',
    (database) => {
      const entries = database.createObjectStore('entries')
      entries.createIndex('expiresAt', 'expires.at')
      entries.put({ value: 1, expiresAt: null }, 'a')
    },
  ],
  [
    'entries like ours beside a store of its own',
    (database) => {
      makeStores(database, 'users')
      database.createObjectStore('entries').put({ value: 1, expiresAt: null }, 'a')
    },
  ],
  [
    'all our names beside one of its own',
    (database) => {
      makeAllButMark(database)
      makeStores(database, 'users')
    },
  ],
  ['our names without entries', (database) => makeStores(database, 'values', 'uses', 'totals')],
  ['values only', (database) => database.createObjectStore('values').put('theirs', 'a')],
  ['nothing in common', (database) => database.createObjectStore('users', { keyPath: 'id' }).put({ id: 1 })],
  [
    'a store called nearcache that is not our mark',
    (database) => database.createObjectStore('nearcache', { keyPath: 'id' }).put({ id: 1 }),
  ],
  [
    'our mark beside entries with a key path',
    (database) => {
      makeStores(database, 'nearcache', 'values', 'uses', 'totals')
      const entries = database.createObjectStore('entries', { keyPath: 'id' })
      for (const row of ROWS) entries.put(row)
    },
  ],
  [
    'a part of our stores with our mark beside one of its own, which only a higher version could complete',
    (database) => makeStores(database, 'nearcache', 'entries', 'users'),
  ],
]

describe('a database of somebody else', () => {
  it.each(FOREIGN)('is refused and left as it is: %s', async (_what, upgrade) => {
    const name = crypto.randomUUID()
    await make(name, 1, upgrade)
    const before = await lookAt(name)
    const fallback = vi.fn(() => memoryAdapter())
    for (const adapter of [
      indexedDBAdapter({ name }),
      withFallback(indexedDBAdapter({ name, limits: lruLimits({ maxEntries: 10 }) }), fallback),
    ]) {
      const heard: string[] = []
      const onError = ({ code }: { code: string }) => {
        heard.push(code)
        return 'miss' as const
      }
      const cache = createCache({ adapter, onError })
      for (const [call, refused] of Object.entries(callsOf(cache, adapter))) {
        const error = await refused().catch((reason: unknown) => reason)
        expect(isCacheError(error, 'INVALID_CACHE'), `${call}: ${error}`).toBe(true)
        expect(String(error)).toContain(`"${name}"`)
        // Its owner opens it by the version that it knows, while the adapter lives and has it not open.
        await make(name, 1, () => expect.unreachable('it is there'))
      }
      expect(await lookAt(name)).toEqual(before)
      // A mistake in the options is no outage.
      expect(heard).toEqual([])
      // Rejects if the adapter stands in its way.
      await make(name, 2, () => {})
      await remove(name)
      await make(name, 1, upgrade)
      await cache.aclose()
    }
    expect(fallback).not.toHaveBeenCalled()
    expect(await lookAt(name)).toEqual(before)
  })

  it('is taken once its owner is gone', async () => {
    const name = crypto.randomUUID()
    await make(name, 5, (database) => makeStores(database, 'users'))
    await using cache = createCache({ adapter: indexedDBAdapter({ name }) })
    await expect(cache.aget('key')).rejects.toMatchObject({ code: 'INVALID_CACHE' })
    await remove(name)
    await cache.aset('key', 1)
    expect(await cache.aget('key')).toBe(1)
  })

  it('is not upgraded where it took the place of ours just before the upgrade', async () => {
    const name = crypto.randomUUID()
    await make(name, 7, (database) => makeAllButMark(database))
    const { open: opens } = IDBFactory.prototype
    let replaced: Promise<void> | undefined
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory, ...args) {
      if (args[1] !== 8) return opens.apply(this, args)
      // The requests of one database are done in order: the deletion and the foreign one come first.
      indexedDB.deleteDatabase(name)
      replaced = make(name, 3, (database) => makeStores(database, 'users'))
      return opens.apply(this, args)
    })
    await using cache = createCache({ adapter: indexedDBAdapter({ name }) })
    await expect(cache.aset('key', 1)).rejects.toMatchObject({ code: 'INVALID_CACHE' })
    await replaced
    expect(await lookAt(name)).toMatchObject({ version: 3, stores: [{ storeName: 'users' }] })
  })

  it('is not there where a foreign owner adds its stores to ours: it keeps its own, and we ours', async () => {
    const name = crypto.randomUUID()
    await using cache = createCache({
      adapter: indexedDBAdapter({ name, limits: lruLimits({ maxEntries: 10 }) }),
    })
    await cache.aset('key', 'ours', null)
    await make(name, 7, (database) => database.createObjectStore('users').put('theirs', 'ada'))
    expect(await cache.aget('key')).toBe('ours')
    await cache.aclear()
    expect(await cache.aget('key')).toBeUndefined()
    expect(await lookAt(name)).toMatchObject({
      version: 7,
      stores: expect.arrayContaining([expect.objectContaining({ storeName: 'users', rows: ['theirs'] })]),
    })
    // It takes over: our stores give way to its own of the same name.
    await make(name, 8, (database) => {
      for (const store of database.objectStoreNames) database.deleteObjectStore(store)
      database.createObjectStore('entries', { keyPath: 'id' }).put(ROWS[0])
    })
    await expect(cache.aset('key', 1)).rejects.toMatchObject({ code: 'INVALID_CACHE' })
    expect(await lookAt(name)).toMatchObject({ version: 8, stores: [{ rows: [ROWS[0]] }] })
  })
})

const OURS: readonly (readonly [string, Upgrade])[] = [
  [
    'as nearcache 0.1.0 made it',
    (database) => {
      const entries = database.createObjectStore('entries')
      entries.put({ value: { name: 'Ada' }, expiresAt: null }, ':1:kept')
      entries.put({ value: 1, expiresAt: 9e15 }, ':1:other')
    },
  ],
  [
    'of before there was a mark',
    (database) => makeAllButMark(database).put({ value: { name: 'Ada' }, expiresAt: null }, ':1:kept'),
  ],
  [
    'of before there was a mark, with a large value',
    (database) => {
      const entries = makeAllButMark(database)
      entries.put({ large: true, expiresAt: null }, ':1:kept')
      entries.transaction.objectStore('values').put({ value: { name: 'Ada' } }, ':1:kept')
    },
  ],
  [
    'without the mark and its indexes',
    (database) => {
      makeStores(database, 'values', 'uses', 'totals')
      database.createObjectStore('entries').put({ value: { name: 'Ada' }, expiresAt: null }, ':1:kept')
    },
  ],
  [
    'without the mark and most stores',
    (database) => {
      makeStores(database, 'values')
      const row = { value: { name: 'Ada' }, causes: [], expiresAt: null }
      database.createObjectStore('entries').put(row, ':1:kept')
    },
  ],
  [
    'with the mark and entries only',
    (database) => {
      makeStores(database, 'nearcache')
      database.createObjectStore('entries').put({ value: { name: 'Ada' }, expiresAt: null }, ':1:kept')
    },
  ],
]

describe('a database of ours', () => {
  it.each(OURS)('is completed and keeps what is in it: %s', async (_what, upgrade) => {
    const name = crypto.randomUUID()
    await make(name, 1, upgrade)
    await using cache = createCache({ adapter: indexedDBAdapter({ name }) })
    expect(await cache.aget('kept')).toEqual({ name: 'Ada' })
    expect(await lookAt(name)).toMatchObject({ version: 2, stores: WHOLE })
    // Once and for all.
    await using again = createCache({
      adapter: indexedDBAdapter({ name, limits: lruLimits({ maxEntries: 10 }) }),
    })
    expect(await again.aget('kept')).toEqual({ name: 'Ada' })
    expect(await lookAt(name)).toMatchObject({ version: 2 })
  })

  it.each([
    ['empty, of before there was a mark', (database: IDBDatabase) => makeAllButMark(database)],
    ['without any store', () => {}],
    ['with nothing but the mark', (database: IDBDatabase) => makeStores(database, 'nearcache')],
  ])('is completed: %s', async (_what, upgrade) => {
    const name = crypto.randomUUID()
    await make(name, 3, upgrade)
    await using cache = createCache({ adapter: indexedDBAdapter({ name }) })
    expect(await cache.aincr('n', 1, { initial: 0 })).toBe(1)
    expect(await lookAt(name)).toMatchObject({ version: 4, stores: WHOLE })
  })

  it('is made at version 1, and completed by one of many adapters at once', async () => {
    const name = crypto.randomUUID()
    const count = async () => {
      const caches = Array.from({ length: 8 }, () => createCache({ adapter: indexedDBAdapter({ name }) }))
      await Promise.all(caches.map((cache) => cache.aincr('n', 1, { initial: 0, timeout: null })))
      await Promise.all(caches.map((cache) => cache.aclose()))
    }
    await count()
    expect(await lookAt(name)).toMatchObject({ version: 1, stores: WHOLE })
    await make(name, 2, (database) => database.deleteObjectStore('nearcache'))
    await count()
    expect(await lookAt(name)).toMatchObject({ version: 3, stores: WHOLE })
    await using cache = createCache({ adapter: indexedDBAdapter({ name }) })
    expect(await cache.aget('n')).toBe(16)
  })
})

const WHOLE = [
  { storeName: 'entries', keyPath: null, autoIncrement: false, indexes: ['expiresAt', 'tags'] },
  { storeName: 'nearcache', keyPath: null, autoIncrement: false, indexes: [] },
  { storeName: 'totals', keyPath: null, autoIncrement: false, indexes: [] },
  { storeName: 'uses', keyPath: null, autoIncrement: false, indexes: ['used'] },
  { storeName: 'values', keyPath: null, autoIncrement: false, indexes: [] },
]

function callsOf(cache: AsyncCache, adapter: IndexedDBAdapter): Record<string, () => Promise<unknown>> {
  return {
    aget: () => cache.aget('key'),
    aset: () => cache.aset('key', 1),
    aincr: () => cache.aincr('key', 1, { initial: 0 }),
    agetOrSet: () => cache.agetOrSet('key', () => 1),
    aclear: () => cache.aclear(),
    ready: () => adapter.ready(),
    sweep: () => adapter.sweep(),
  }
}

function remove(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onblocked = () => reject(new Error('blocked'))
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

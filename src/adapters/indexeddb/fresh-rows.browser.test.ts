import { describe, expect, it } from 'vitest'
import type { Adapter, Entry, Metadata } from '../../core/adapter.ts'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter, lruLimits } from './index.ts'

const NOW = 1_800_000_000_000
const METADATA: Metadata = {
  storedAt: NOW,
  loadMs: 12,
  staleWhileRevalidateMs: 60_000,
  tags: [':red', ':round'],
}
const LARGE = 'x'.repeat(400_000)

function opened(name: string, version?: number, upgrade?: (database: IDBDatabase) => void) {
  return new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = () => upgrade?.(request.result)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** The rows of a store by their keys, as the database has them. */
async function rowsOf(name: string, store: string): Promise<Record<string, unknown>> {
  const database = await opened(name)
  const transaction = database.transaction(store)
  const keys = transaction.objectStore(store).getAllKeys()
  const rows = transaction.objectStore(store).getAll()
  await new Promise((resolve) => {
    transaction.oncomplete = resolve
  })
  database.close()
  return Object.fromEntries(keys.result.map((key, index) => [key, rows.result[index]]))
}

function open(options: Partial<Parameters<typeof indexedDBAdapter>[0]> = {}) {
  const name = crypto.randomUUID()
  return { name, adapter: indexedDBAdapter({ name, whenIdle: () => {}, ...options }) }
}

const set = (adapter: Adapter, key: string, entry: Entry) =>
  adapter.commit([{ key, op: { kind: 'set', entry } }], NOW)
const read = async (adapter: Adapter, key: string) => (await adapter.read([key], NOW, 'value'))[0]
const claim = (adapter: Adapter, key: string, token = 1) =>
  adapter.claim?.(key, NOW, { token, milliseconds: 30_000, wait: false })

describe('rows', () => {
  it('have nothing more than before if the entry has neither metadata nor a claim', async () => {
    const { name, adapter } = open()
    await set(adapter, 'a', { value: 1, expiresAt: NOW + 1_000 })
    await set(adapter, 'large', { value: LARGE, expiresAt: null })
    expect(await rowsOf(name, 'entries')).toStrictEqual({
      a: { value: 1, expiresAt: NOW + 1_000 },
      large: { large: true, expiresAt: null },
    })
  })

  it('keep the deadline of the entry beside the time until which they are kept', async () => {
    const { name, adapter } = open()
    const entry = { value: 'v', expiresAt: NOW + 1_000, metadata: METADATA }
    await set(adapter, 'a', entry)
    expect(await rowsOf(name, 'entries')).toStrictEqual({
      a: {
        value: 'v',
        expiresAt: NOW + 61_000,
        freshUntil: NOW + 1_000,
        metadata: METADATA,
        tags: METADATA.tags,
      },
    })
    expect(await read(adapter, 'a')).toStrictEqual(entry)
    expect(await adapter.sweep(NOW + 60_999)).toBe(0)
    expect(await adapter.sweep(NOW + 61_000)).toBe(1)
  })

  it('leave a large value where it is when the entry is claimed or expires', async () => {
    const { name, adapter } = open()
    await set(adapter, 'a', { value: LARGE, expiresAt: NOW + 1_000, metadata: METADATA })
    const { put } = IDBObjectStore.prototype
    const stores: string[] = []
    IDBObjectStore.prototype.put = function (...args) {
      stores.push(this.name)
      return put.apply(this, args)
    }
    try {
      const refresh = { token: 1, milliseconds: 30_000, refresh: NOW + 1_000, wait: false }
      expect((await adapter.claim?.('a', NOW, refresh))?.isGranted).toBe(true)
      await adapter.commit([{ key: 'a', op: { kind: 'expire' } }], NOW)
    } finally {
      IDBObjectStore.prototype.put = put
    }
    expect(stores).toEqual(['entries', 'entries'])
    expect(await read(adapter, 'a')).toStrictEqual({ value: LARGE, expiresAt: NOW, metadata: METADATA })
    expect(Object.keys(await rowsOf(name, 'values'))).toEqual(['a'])
  })

  it('of a claim alone are missing to all, and swept when the claim ends', async () => {
    const { adapter } = open()
    const cache = createCache({ adapter, clock: () => NOW })
    expect(await claim(adapter, ':1:a')).toMatchObject({ isGranted: true })
    expect(await cache.aget('a')).toBeUndefined()
    expect(await cache.ahasKey('a')).toBe(false)
    expect(await cache.attl('a')).toBeUndefined()
    expect(await cache.aadd('a', 1)).toBe(true)
    expect(await claim(adapter, ':1:b')).toMatchObject({ isGranted: true })
    expect(await adapter.sweep(NOW + 29_999)).toBe(0)
    // The claim is granted for 30 s from when the lock was held.
    expect(await adapter.sweep(NOW + 60_000)).toBe(1)
  })
})

describe('a database of before there were tags', () => {
  it('gets the index, and keeps its rows and totals', async () => {
    const { name, adapter } = open({ limits: lruLimits({ maxEntries: 10 }) })
    const old = await opened(name, 3, (database) => {
      for (const store of ['nearcache', 'values', 'totals']) database.createObjectStore(store)
      database.createObjectStore('uses').createIndex('used', 'used')
      database.createObjectStore('entries').createIndex('expiresAt', 'expiresAt')
    })
    const filling = old.transaction(['entries', 'values', 'uses', 'totals'], 'readwrite')
    filling.objectStore('entries').put({ value: { n: 1 }, expiresAt: null }, 'a')
    filling.objectStore('entries').put({ large: true, expiresAt: NOW + 1_000 }, 'large')
    filling.objectStore('values').put({ value: LARGE }, 'large')
    for (const [index, key] of ['a', 'large'].entries())
      filling.objectStore('uses').put({ used: index + 1, bytes: 0 }, key)
    filling.objectStore('totals').put({ entries: 2, bytes: 0, used: 2 }, 'all')
    await new Promise((resolve) => {
      filling.oncomplete = resolve
    })
    old.close()
    const before = await rowsOf(name, 'entries')
    expect(await read(adapter, 'a')).toStrictEqual({ value: { n: 1 }, expiresAt: null })
    expect(await read(adapter, 'large')).toStrictEqual({ value: LARGE, expiresAt: NOW + 1_000 })
    expect(await rowsOf(name, 'entries')).toStrictEqual(before)
    expect(await rowsOf(name, 'totals')).toEqual({ all: { entries: 2, bytes: 0, used: 2 } })
    await set(adapter, 'b', { value: 1, expiresAt: null, metadata: METADATA })
    await adapter.deleteTags?.([':red'], NOW, 'delete')
    expect(Object.keys(await rowsOf(name, 'entries'))).toEqual(['a', 'large'])
  })
})

describe.each([
  ['no limits', undefined],
  ['limits of entries and bytes', lruLimits({ maxEntries: 1_000, maxBytes: 10_000_000 })],
])('tags with %s', (_, limits) => {
  const options = limits === undefined ? {} : { limits }

  it('remove their entries, and count what is left', async () => {
    const { name, adapter } = open(options)
    await set(adapter, 'red', { value: 1, expiresAt: null, metadata: METADATA })
    await set(adapter, 'large', { value: LARGE, expiresAt: null, metadata: METADATA })
    await set(adapter, 'blue', { value: 'b', expiresAt: null, metadata: { storedAt: NOW, tags: [':blue'] } })
    await set(adapter, 'plain', { value: 'p', expiresAt: null })
    await adapter.deleteTags?.([':red', ':green'], NOW, 'delete')
    expect(Object.keys(await rowsOf(name, 'entries'))).toEqual(['blue', 'plain'])
    expect(await rowsOf(name, 'values')).toEqual({})
    const uses = (await rowsOf(name, 'uses')) as Record<string, { bytes: number }>
    const totals = await rowsOf(name, 'totals')
    const bytes = Object.values(uses).reduce((sum, use) => sum + use.bytes, 0)
    expect(totals).toMatchObject(limits === undefined ? {} : { all: { entries: 2, bytes } })
  })

  it('end the freshness of their entries, which stay and are counted', async () => {
    const { name, adapter } = open(options)
    await set(adapter, 'a', { value: 1, expiresAt: null, metadata: METADATA })
    await set(adapter, 'large', { value: LARGE, expiresAt: NOW + 5_000, metadata: METADATA })
    const before = await Promise.all([rowsOf(name, 'uses'), rowsOf(name, 'totals')])
    await adapter.deleteTags?.([':round'], NOW, 'expire')
    for (const [key, value] of [
      ['a', 1],
      ['large', LARGE],
    ] as const)
      expect(await read(adapter, key)).toStrictEqual({ value, expiresAt: NOW, metadata: METADATA })
    expect(await Promise.all([rowsOf(name, 'uses'), rowsOf(name, 'totals')])).toEqual(before)
    expect(await adapter.sweep(NOW + 60_000)).toBe(2)
  })
})

describe('claims within limits', () => {
  it('of keys without an entry neither count nor evict nor are evicted', async () => {
    const { name, adapter } = open({ limits: lruLimits({ maxEntries: 2 }) })
    await set(adapter, 'a', { value: 1, expiresAt: null })
    await set(adapter, 'b', { value: 2, expiresAt: null })
    expect(await claim(adapter, 'c')).toMatchObject({ isGranted: true })
    expect(Object.keys(await rowsOf(name, 'uses'))).toEqual(['a', 'b'])
    expect(await rowsOf(name, 'totals')).toMatchObject({ all: { entries: 2 } })
    await set(adapter, 'd', { value: 4, expiresAt: null })
    const op = { kind: 'fill', token: 1, entry: { value: 3, expiresAt: null } } as const
    expect(await adapter.commit([{ key: 'c', op }], NOW)).toEqual([{ ok: true }])
    expect(Object.keys(await rowsOf(name, 'entries'))).toEqual(['c', 'd'])
    expect(await rowsOf(name, 'totals')).toMatchObject({ all: { entries: 2 } })
  })
})

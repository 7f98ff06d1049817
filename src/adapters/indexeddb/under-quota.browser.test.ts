import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter, type LruLimitsOptions, lruLimits } from './index.ts'

const { put } = IDBObjectStore.prototype
const { commit } = IDBTransaction.prototype
afterEach(() => vi.restoreAllMocks())

it('tells why a clear failed, where a browser fails the one request that it cannot do', async () => {
  const name = crypto.randomUUID()
  const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`)
  await using unlimited = createCache({ adapter: indexedDBAdapter({ name }), keyPrefix: 'app' })
  await unlimited.asetMany(keys.map((key) => [key, 1] as const))
  await using cache = createCache({
    adapter: indexedDBAdapter({ name, limits: lruLimits({ maxEntries: 1_000 }) }),
    keyPrefix: 'app',
  })
  // What is there is counted first: that puts, and reads on.
  const putting = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(failing)
  await expect(cache.aclear()).rejects.toMatchObject({ cause: { name: 'ConstraintError' } })
  putting.mockRestore()
  expect((await cache.agetMany(keys)).size).toBe(300)
})

const keys = ['a', 'b', 'c', 'd', 'e', 'f']

function open(limits?: LruLimitsOptions, clock: () => number = Date.now): AsyncCache {
  const policy = limits && lruLimits(limits)
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), limits: policy })
  return createCache({ adapter, clock, timeout: null })
}

const held = async (cache: AsyncCache) => [...(await cache.agetMany(keys)).keys()]

describe('in a full storage, an adapter without a policy', () => {
  it('removes what has expired, and tries again', async () => {
    let now = 1_000
    await using cache = open(undefined, () => now)
    for (const key of ['a', 'b']) await cache.aset(key, key, 1)
    await cache.aset('c', 'c')
    now += 1_000
    refuseWrites(1)
    const remove = vi.spyOn(IDBObjectStore.prototype, 'delete')
    await cache.aset('d', 'd')
    expect(remove.mock.calls.flat()).toEqual(expect.arrayContaining([':1:a', ':1:b']))
    expect(await held(cache)).toEqual(['c', 'd'])
  })

  it('evicts nothing, and fails with QUOTA_EXCEEDED', async () => {
    await using cache = open()
    for (const key of keys) await cache.aset(key, key)
    refuseWrites(Number.POSITIVE_INFINITY)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(cache.aset('new', 1)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
      expect(await cache.aadd('f', 1)).toBe(false)
    }
    expect(await held(cache)).toEqual(keys)
  })
})

// Without numbers, a policy still evicts when the storage is full.
describe.each([
  { name: 'without numbers', limits: {} },
  { name: 'with numbers', limits: { maxEntries: 100 } },
])('in a full storage, an adapter with limits $name', ({ limits }) => {
  it('knows what was last read, and what was last written after that', async () => {
    await using cache = open(limits)
    for (const key of keys) await cache.aset(key, key)
    for (const key of keys) await cache.aget(key)
    await cache.aset('a', 'again')
    await cache.aget('b')
    refuseWrites(2)
    await cache.aset('new', 1)
    expect(await held(cache)).toEqual(['a', 'b', 'e', 'f'])
  })

  it('keeps what a write counts on, touches or moves, however long ago that was used', async () => {
    await using cache = open(limits)
    for (const key of keys) await cache.aset(key, 1)
    refuseWrites(2)
    expect(await cache.atouch('a')).toBe(true)
    refuseWrites(2)
    expect(await cache.aincr('a')).toBe(2)
    refuseWrites(2)
    expect(await cache.aincrVersion('a')).toBe(2)
  })

  it('drops nothing again for writes that found no room, where others only looked for some', async () => {
    await using cache = open(limits)
    for (const key of keys) await cache.aset(key, key)
    refuseWrites(Number.POSITIVE_INFINITY)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(cache.aset('new', 1)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
      expect(await cache.aadd('f', 1)).toBe(false)
      expect(await cache.atouch('missing')).toBe(false)
    }
    expect(await held(cache)).toEqual(['c', 'd', 'e', 'f'])
  })

  it('reads what was written last, though each write before it is tried again', async () => {
    await using cache = open(limits)
    for (const key of keys) await cache.aset(key, key)
    refuseWrites(20, 2)
    const written: Promise<unknown>[] = []
    for (const value of [1, 2, 3, 4]) {
      written.push(cache.aset('a', value))
      await nextTurn()
    }
    expect(await cache.aget('a')).toBe(4)
    await Promise.all(written)
    expect(await cache.aget('a')).toBe(4)
  })
})

describe.each([
  { name: 'without a policy', limits: undefined },
  { name: 'with limits without numbers', limits: {} },
  { name: 'with limits', limits: { maxEntries: 100 } },
])('in a full storage, an adapter $name', ({ limits }) => {
  // Without a policy, nothing makes space for a third attempt.
  it.each(limits === undefined ? [1] : [1, 2])(
    'keeps the order of what was asked for behind a write that %d attempts find no room for',
    async (times) => {
      await using cache = open(limits)
      for (const key of keys) await cache.aset(key, key)
      refuseWrites(times)
      const writes = [
        () => cache.aset('a', 1),
        () => cache.aset('a', 2),
        () => cache.asetMany({ a: 3, c: 3 }),
        () => cache.adelete('c'),
        () => cache.aset('b', 4),
      ]
      const written: Promise<unknown>[] = []
      for (const write of writes) {
        written.push(write())
        await nextTurn()
      }
      const reads = [cache.aget('a'), cache.aget('c'), cache.aget('b')]
      expect(await Promise.all(reads)).toEqual([3, undefined, 4])
      await Promise.all(written)
      expect(await Promise.all(['a', 'c', 'b'].map((key) => cache.aget(key)))).toEqual([3, undefined, 4])
    },
  )

  it('begins no transaction again for each that finds no room before it', async () => {
    await using cache = open(limits)
    await cache.aset('a', 1)
    refuseWrites(Number.POSITIVE_INFINITY)
    const begun = vi.spyOn(IDBDatabase.prototype, 'transaction')
    const refused: Promise<unknown>[] = []
    for (let count = 0; count < 50; count += 1) {
      refused.push(expect(cache.aset('new', count)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' }))
      await nextTurn()
    }
    await Promise.all(refused)
    expect(begun.mock.calls.length).toBeLessThan(200)
  })

  it('clears what was written before, though it is tried again', async () => {
    await using cache = open(limits)
    for (const key of keys) await cache.aset(key, key)
    refuseWrites(1)
    const written = cache.aset('a', 1)
    await nextTurn()
    const cleared = cache.aclear()
    await nextTurn()
    const later = cache.aset('b', 2)
    await Promise.all([written, cleared, later])
    expect(await held(cache)).toEqual(['b'])
  })
})

/** Lets what was asked for so far begin, and not end. */
async function nextTurn(): Promise<void> {
  for (let hop = 0; hop < 20; hop += 1) await undefined
}

/** Of the next so many transactions in which something is put, each, or one in `every`, finds no room. */
function refuseWrites(times: number, every = 1): void {
  const putting = new WeakSet<IDBTransaction>()
  let count = 0
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    putting.add(this.transaction)
    return put.apply(this, args)
  })
  vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementation(function (this: IDBTransaction) {
    if (!putting.has(this)) return commit.apply(this)
    count += 1
    if (count > times || count % every !== 1 % every) return commit.apply(this)
    throw new DOMException('The storage is full', 'QuotaExceededError')
  })
}

/** A put that fails once the browser comes to it. */
function failing(this: IDBObjectStore): IDBRequest<IDBValidKey> {
  return this.transaction.objectStore('entries').add(1, 'app:1:key-0')
}

import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { memoryAdapter } from '../memory/index.ts'
import { indexedDBAdapter, type LruLimitsOptions, lruLimits } from './index.ts'

afterEach(() => vi.restoreAllMocks())

/** A cache on an adapter with limits, if any are given. */
function open({ name = crypto.randomUUID(), ...limits }: LruLimitsOptions & { name?: string }): AsyncCache {
  const policy = Object.keys(limits).length === 0 ? undefined : lruLimits(limits)
  return createCache({ adapter: indexedDBAdapter({ name, limits: policy }), timeout: null })
}

const KEYS = Array.from({ length: 12 }, (_, index) => `key-${index}`)

async function held(cache: AsyncCache): Promise<string[]> {
  const present = await Promise.all(KEYS.map((key) => cache.ahasKey(key)))
  return KEYS.filter((_, index) => present[index])
}

async function setAll(cache: AsyncCache, bytes: number): Promise<void> {
  for (const key of KEYS) await cache.aset(key, new Uint8Array(bytes))
}

describe('a batch that finds no room', () => {
  it('drops what writes one after another drop, and nothing that it wrote last', async () => {
    const batch = fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 6 })
    const limits = fc.record({ maxEntries: fc.integer({ min: 1, max: 8 }), cullFrequency: fc.nat(4) })
    const check = async (limits: { maxEntries: number; cullFrequency: number }, batches: string[][]) => {
      await using cache = open(limits)
      const inMemory = createCache({ adapter: memoryAdapter(limits), timeout: null })
      for (const keys of batches) {
        for (const each of [cache, inMemory]) await each.asetMany(keys.map((key) => [key, 1] as const))
        expect(await held(cache)).toEqual(await held(inMemory))
      }
    }
    const batches = fc.array(batch, { minLength: 1, maxLength: 6 })
    await fc.assert(fc.asyncProperty(limits, batches, check), { numRuns: 60 })
  })

  it('counts on what it deletes', async () => {
    await using cache = open({ maxEntries: KEYS.length })
    await setAll(cache, 1)
    await Promise.all([cache.adelete('key-5'), cache.aset('new', 1)])
    expect(await held(cache)).toEqual(KEYS.filter((key) => key !== 'key-5'))
  })

  it('knows what was read of late, also when it is made a second time', async () => {
    await using cache = open({ maxEntries: KEYS.length })
    await setAll(cache, 1)
    await cache.aget('key-0')
    vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementationOnce(() => {
      throw new DOMException('The connection was lost', 'UnknownError')
    })
    await cache.aset('new', 1)
    expect(await held(cache)).toEqual(['key-0', ...KEYS.slice(5)])
  })
})

describe('a write within limits', () => {
  it('stores nothing of what weighs more than all may, not even for a moment', async () => {
    await using cache = open({ maxBytes: 10_000 })
    await cache.aset('key', 'before')
    const put = vi.spyOn(IDBObjectStore.prototype, 'put')
    await expect(cache.aset('key', new Uint8Array(300_000))).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
    })
    expect((put.mock.contexts as IDBObjectStore[]).map(({ name }) => name)).toEqual(['totals'])
    expect(await cache.ahasKey('key')).toBe(false)
  })

  it('refuses what can never fit, by whatever method, and nothing else for it', async () => {
    await using cache = open({ maxBytes: 10_000 })
    const heavy = new Uint8Array(20_000)
    const tooLarge = { code: 'VALUE_TOO_LARGE' }
    await cache.asetMany({ 'key-0': 1, 'key-1': 1 })
    const [set, add, load, many, other] = await Promise.allSettled([
      cache.aset('key-0', heavy),
      cache.aadd('key-2', heavy),
      cache.agetOrSet('key-3', () => heavy),
      cache.asetMany({ 'key-4': heavy, 'key-5': 1 }),
      cache.aset('key-6', 1),
    ])
    for (const refused of [set, add, load])
      expect(refused).toMatchObject({ status: 'rejected', reason: tooLarge })
    expect(many).toMatchObject({ value: ['key-4'] })
    expect(other).toMatchObject({ status: 'fulfilled' })
    expect(await cache.aadd('key-1', heavy)).toBe(false)
    expect(await held(cache)).toEqual(['key-1', 'key-5', 'key-6'])
  })

  it('names what one batch writes and drops', async () => {
    await using cache = open({ maxEntries: 5 })
    const failed = await cache.asetMany(KEYS.map((key) => [key, 1] as const))
    const stored = await held(cache)
    expect(stored.length).toBeGreaterThan(0)
    expect([...failed, ...stored].sort()).toEqual([...KEYS].sort())
    await using weighed = open({ maxBytes: 5_000 })
    const lost = await weighed.asetMany(KEYS.map((key) => [key, new Uint8Array(1_000)] as const))
    const left = await held(weighed)
    expect(left.length).toBeGreaterThan(0)
    expect([...lost, ...left].sort()).toEqual([...KEYS].sort())
  })

  it.each([
    { maxEntries: 1 },
    { maxEntries: 1, cullFrequency: 100 },
    { maxEntries: 5, cullFrequency: 1_000 },
  ])('holds no more than it may: %o', async (limits) => {
    await using cache = open(limits)
    for (const key of KEYS) {
      await cache.aset(key, 1)
      expect(await cache.ahasKey(key)).toBe(true)
      expect((await held(cache)).length).toBeLessThanOrEqual(limits.maxEntries)
    }
  })

  it.each([
    { maxEntries: 0 },
    { maxEntries: -5 },
    { maxEntries: 1.5 },
    { maxBytes: 0 },
    { cullFrequency: -1 },
  ])('is not made of limits that make no sense: %o', (limits) => {
    expect(() => lruLimits(limits)).toThrow(RangeError)
  })

  it.each([0, 1, 2, 3])(
    'keeps what it wrote, whatever makes way: cullFrequency %d',
    async (cullFrequency) => {
      await using cache = open({ maxBytes: 10_000, cullFrequency })
      await cache.aset('key-0', new Uint8Array(6_000))
      await cache.aset('key-1', new Uint8Array(6_000))
      expect(await held(cache)).toEqual(['key-1'])
    },
  )

  it('that changes nothing puts nothing', async () => {
    await using cache = open({ maxEntries: 10 })
    await cache.aset('key', 1)
    const put = vi.spyOn(IDBObjectStore.prototype, 'put')
    expect(await cache.aadd('key', 2)).toBe(false)
    expect(await cache.atouch('missing')).toBe(false)
    expect(put).not.toHaveBeenCalled()
  })
})

it.each([null, 7, { maxEntries: 5 }, [], 'lru'])(
  'limits that are no policy are a TypeError: %j',
  (limits) => {
    expect(() => indexedDBAdapter({ name: 'never', limits: limits as never })).toThrow(
      /^limits must be lruLimits\(…\): got /,
    )
  },
)

it('takes no unknown limit', () => {
  expect(() => lruLimits({ most: 5 } as never)).toThrow('lruLimits has no option "most"')
  expect(() => lruLimits(null as never)).toThrow(TypeError)
})

it('one lruLimits may be given to several adapters, which share nothing', async () => {
  const limits = lruLimits({ maxEntries: 1 })
  const caches = ['one', 'other'].map(() =>
    createCache({ adapter: indexedDBAdapter({ name: crypto.randomUUID(), limits }) }),
  )
  for (const cache of caches) await cache.aset('key', 1)
  for (const cache of caches) expect(await cache.aget('key')).toBe(1)
  await Promise.all(caches.map((cache) => cache.aclose()))
})

it('an adapter without limits keeps no order of use and no totals', async () => {
  const name = crypto.randomUUID()
  const adapter = indexedDBAdapter({ name, whenIdle: () => {} })
  const cache = createCache({ adapter, timeout: null })
  const put = vi.spyOn(IDBObjectStore.prototype, 'put')
  await setAll(cache, 1)
  await cache.aincr('count', 1, { initial: 0 })
  await cache.agetMany(KEYS)
  await adapter.sweep()
  await cache.aclose()
  expect(new Set((put.mock.contexts as IDBObjectStore[]).map((store) => store.name))).toEqual(
    new Set(['entries']),
  )
})

it('a sweep that finds nothing dead puts nothing', async () => {
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), limits: lruLimits({ maxEntries: 10 }) })
  await using cache = createCache({ adapter })
  await cache.aset('key', 1)
  const put = vi.spyOn(IDBObjectStore.prototype, 'put')
  expect(await adapter.sweep()).toBe(0)
  expect(put).not.toHaveBeenCalled()
})

it('a clear of a prefix under which there is nothing has nothing counted anew', async () => {
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), limits: lruLimits({ maxEntries: 10 }) })
  await using cache = createCache({ adapter, keyPrefix: 'one' })
  await using other = createCache({ adapter, keyPrefix: 'other' })
  await cache.aset('key', 1)
  await other.aclear()
  const count = vi.spyOn(IDBObjectStore.prototype, 'getAllKeys')
  await cache.aset('key', 2)
  expect(count).not.toHaveBeenCalled()
})

describe('limits that come and go', () => {
  it('weighs what was stored under a limit of entries alone', async () => {
    const name = crypto.randomUUID()
    await using earlier = open({ name, maxEntries: 100 })
    await setAll(earlier, 1_000)
    await using later = open({ name, maxBytes: 5_000 })
    await later.aset('new', 1)
    expect((await held(later)).length).toBeLessThan(5)
    expect(await later.ahasKey('new')).toBe(true)
  })

  it('counts anew what was changed without any', async () => {
    const name = crypto.randomUUID()
    const limits = { maxEntries: KEYS.length, maxBytes: 50_000 }
    await using earlier = open({ name, ...limits })
    await setAll(earlier, 1_000)
    await using unlimited = open({ name })
    await unlimited.adeleteMany(KEYS.slice(1))
    await using later = open({ name, ...limits })
    await setAll(later, 1_000)
    expect(await held(later)).toEqual(KEYS)
  })

  it('counts anew what was cleared without any', async () => {
    const name = crypto.randomUUID()
    await using unlimited = open({ name })
    await unlimited.aset('key', 1)
    await using earlier = open({ name, maxBytes: 100_000 })
    await setAll(earlier, 5_000)
    await unlimited.aclear()
    await using later = open({ name, maxBytes: 10_000 })
    await later.aset('new', 1)
    expect(await later.aget('new')).toBe(1)
  })

  it('opens what was stored with limits without any, and the other way round', async () => {
    const name = crypto.randomUUID()
    for (const limits of [
      { maxEntries: 20 },
      {},
      { maxBytes: 50_000 },
      {},
      { maxEntries: 20 },
      { maxEntries: null },
    ]) {
      await using cache = open({ name, ...limits })
      await cache.aincr('key-0', 1, { initial: 0 })
      await cache.aset(`key-${Object.keys(limits).length + 1}`, limits)
    }
    await using cache = open({ name })
    expect(await cache.aget('key-0')).toBe(6)
    expect(await held(cache)).toEqual(['key-0', 'key-1', 'key-2'])
  })

  it('counts anew where what was known of uses is gone', async () => {
    const name = crypto.randomUUID()
    await using cache = open({ name, maxEntries: 4 })
    for (const key of KEYS.slice(0, 4)) await cache.aset(key, 1)
    const opening = indexedDB.open(name, 9)
    opening.onupgradeneeded = () => opening.result.deleteObjectStore('uses')
    await new Promise((resolve) => {
      opening.onsuccess = resolve
    })
    opening.result.close()
    for (const key of KEYS.slice(4)) await cache.aset(key, 1)
    expect((await held(cache)).length).toBeLessThanOrEqual(4)
  })

  it('finds its way back when another tab, without any, deletes at the same time', async () => {
    const name = crypto.randomUUID()
    await using unlimited = open({ name })
    await unlimited.aset('key', 1)
    await using earlier = open({ name, maxBytes: 100_000 })
    await setAll(earlier, 5_000)
    await unlimited.adeleteMany([...KEYS, 'key'])
    await using later = open({ name, maxBytes: 10_000 })
    await later.aset('first', 1)
    await later.aset('second', 1)
    expect(await later.aget('second')).toBe(1)
  })
})

import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AsyncCache, createCache } from '../../index.ts'
import { indexedDBAdapter, lruLimits } from './index.ts'

afterEach(() => vi.restoreAllMocks())

/** Caches of as many tabs, on one database that holds three entries; a tab notes its uses by itself. */
function tabs(count: number): { at: (seconds: number) => void; caches: AsyncCache[] } {
  const name = crypto.randomUUID()
  let now = 1_800_000_000_000
  const caches = Array.from({ length: count }, () =>
    createCache({
      adapter: indexedDBAdapter({ name, limits: lruLimits({ maxEntries: 3 }), whenIdle: () => {} }),
      clock: () => now,
      timeout: null,
    }),
  )
  return {
    // The deadlines' clock and the one that only goes forward.
    at: (seconds) => {
      now += seconds * 1000
      const later = performance.now() + seconds * 1000
      vi.spyOn(performance, 'now').mockImplementation(() => later)
    },
    caches,
  }
}

const NAMES = ['a', 'b', 'c', 'd']

async function live(cache: AsyncCache | undefined): Promise<string[]> {
  return [...((await cache?.agetMany(NAMES)) ?? new Map<string, unknown>()).keys()]
}

it('knows of each use in its own tab, however short after another', async () => {
  const { caches, at } = tabs(1)
  const [mine] = caches
  for (const key of ['a', 'b', 'c']) await mine?.aset(key, 1)
  at(1)
  await mine?.aset('a', 2)
  await mine?.aset('d', 1)
  expect(await live(mine)).toEqual(['a', 'c', 'd'])
})

it('lets other tabs know of a write a minute after another, and of those between at each sweep', async () => {
  for (const [later, swept] of [
    [60, false],
    [59, true],
  ] as const) {
    const { caches, at } = tabs(2)
    const [mine, other] = caches
    for (const key of ['a', 'b', 'c']) await mine?.aset(key, 1)
    at(later)
    await mine?.aset('a', 2)
    if (swept) await mine?.aclose()
    await other?.aset('d', 1)
    expect(await live(other)).toEqual(['a', 'c', 'd'])
  }
})

it('puts an entry, its use and the totals for a new key, and for a known one the entry alone', async () => {
  const [cache] = tabs(1).caches
  const put = vi.spyOn(IDBObjectStore.prototype, 'put')
  const puts = async (work: () => Promise<unknown> | undefined): Promise<number> => {
    put.mockClear()
    await work()
    return put.mock.calls.length
  }
  expect(await puts(() => cache?.aset('a', 1))).toBe(3)
  expect(await puts(() => cache?.aset('a', 2))).toBe(1)
  expect(await puts(() => cache?.aincr('a'))).toBe(1)
  expect(await puts(() => cache?.atouch('a', 60))).toBe(1)
  expect(await puts(() => cache?.aadd('a', 3))).toBe(0)
  expect(await puts(() => cache?.adelete('a'))).toBe(1)
})

describe('the order of use', () => {
  const HOUR = 3_600_000
  const open = (name: string, clock: () => number, limits: object) =>
    createCache({
      adapter: indexedDBAdapter({ name, whenIdle: () => {}, limits: lruLimits(limits) }),
      clock,
      timeout: null,
    })
  const keys = (start: string) => Array.from({ length: 40 }, (_, index) => `${start}-${index}`)

  it.each([
    ['an hour back', () => -HOUR],
    ['ten years ahead, and back', (index: number) => (index % 2 === 0 ? 87_600 * HOUR : 0)],
    ['standing still', () => 0],
    ['at 0', () => -1_800_000_000_000],
  ])('knows no time: the clock of the next session is %s', async (_, skew) => {
    for (const limits of [{ maxEntries: 40 }, { maxBytes: 100_000 }]) {
      const name = crypto.randomUUID()
      {
        await using earlier = open(name, () => 1_800_000_000_000, limits)
        for (const key of keys('old')) await earlier.aset(key, new Uint8Array(2_000))
      }
      let index = 0
      await using cache = open(name, () => 1_800_000_000_000 + skew(index), limits)
      for (const key of keys('new')) {
        index += 1
        await cache.aset(key, new Uint8Array(2_000))
        expect(await cache.ahasKey(key), key).toBe(true)
      }
      const left = await cache.agetMany([...keys('old'), ...keys('new')])
      const young = keys('new').slice(-left.size)
      expect([...left.keys()]).toEqual(young)
    }
  })

  it('is one for tabs whose clocks differ', async () => {
    const name = crypto.randomUUID()
    await using ahead = open(name, () => 1_800_000_000_000 + HOUR, { maxEntries: 10 })
    await using behind = open(name, () => 1_800_000_000_000, { maxEntries: 10 })
    for (const key of keys('ahead').slice(0, 9)) await ahead.aset(key, 1)
    for (const key of keys('behind').slice(0, 6)) {
      await behind.aset(key, 1)
      expect(await behind.aget(key)).toBe(1)
    }
    // What the other tab reads is used after all that was written before.
    await ahead.aget('behind-0')
    await ahead.aset('more', 1)
    expect(await ahead.ahasKey('behind-0')).toBe(true)
  })

  it('goes on from the milliseconds of earlier versions', async () => {
    const name = crypto.randomUUID()
    await using cache = open(name, () => 1_000, { maxEntries: 4 })
    for (const key of ['a', 'b', 'c', 'd']) await cache.aset(key, 1)
    const opening = indexedDB.open(name)
    await new Promise((resolve) => {
      opening.onsuccess = resolve
    })
    const earlier = opening.result.transaction(['uses', 'totals'], 'readwrite')
    for (const [index, key] of ['d', 'c', 'b', 'a'].entries())
      earlier.objectStore('uses').put({ used: 1_800_000_000_000.25 + index, bytes: 0 }, `:1:${key}`)
    earlier.objectStore('totals').put({ entries: 4, bytes: 0 }, 'all')
    await new Promise((resolve) => {
      earlier.oncomplete = resolve
    })
    opening.result.close()
    await using later = open(name, () => 1_000, { maxEntries: 4, cullFrequency: 4 })
    await later.aset('e', 1)
    expect([...(await later.agetMany(['a', 'b', 'c', 'd', 'e'])).keys()]).toEqual(['a', 'b', 'c', 'e'])
  })
})

import { afterEach, expect, it, vi } from 'vitest'
import { type AsyncCache, createCache } from '../../index.ts'
import { indexedDBAdapter } from './index.ts'

afterEach(() => vi.restoreAllMocks())

/** Caches of as many tabs, on one database that holds three entries; a tab notes its uses by itself. */
function tabs(count: number): { at: (seconds: number) => void; caches: AsyncCache[] } {
  const name = crypto.randomUUID()
  let now = 1_800_000_000_000
  const caches = Array.from({ length: count }, () =>
    createCache({
      adapter: indexedDBAdapter({ name, maxEntries: 3, whenIdle: () => {} }),
      clock: () => now,
      timeout: null,
    }),
  )
  return {
    at: (seconds) => {
      now += seconds * 1000
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

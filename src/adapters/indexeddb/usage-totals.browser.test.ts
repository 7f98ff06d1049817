import fc from 'fast-check'
import { expect, it } from 'vitest'
import { estimateBytes } from '../../core/bytes.ts'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter, lruLimits } from './index.ts'
import type { LargeEntry, SmallEntry, Totals, Use } from './schema.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const value = fc.constantFrom(1, 'x'.repeat(200), new Uint8Array(3_000), new Uint8Array(300_000))
const timeout = fc.constantFrom(null, 1, 100)

/** Something done with a cache; what refuses it leaves it as it was. */
type Step = (cache: AsyncCache) => Promise<unknown>
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(key, value, timeout).map(
    ([key, value, timeout]): Step =>
      (cache) =>
        cache.aset(key, value, timeout),
  ),
  fc.tuple(key, value, timeout).map(
    ([key, value, timeout]): Step =>
      (cache) =>
        cache.aadd(key, value, timeout),
  ),
  fc.tuple(fc.array(key), value).map(
    ([keys, value]): Step =>
      (cache) => {
        return cache.asetMany(keys.map((key) => [key, value] as const))
      },
  ),
  fc.tuple(key, timeout).map(
    ([key, timeout]): Step =>
      (cache) =>
        cache.atouch(key, timeout),
  ),
  key.map(
    (key): Step =>
      (cache) =>
        cache.aget(key),
  ),
  key.map(
    (key): Step =>
      (cache) =>
        cache.aincr(key),
  ),
  key.map(
    (key): Step =>
      (cache) =>
        cache.aincrVersion(key),
  ),
  key.map(
    (key): Step =>
      (cache) =>
        cache.adelete(key),
  ),
)

const limits = fc.record({
  maxEntries: fc.constantFrom(null, 1, 4),
  maxBytes: fc.constantFrom(5_000, 700_000),
  cullFrequency: fc.nat(3),
})
/** What is done at once, in two tabs, and whether a sweep and a reload of one of them follow. */
const round = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 6 }), reloads: fc.boolean() })

it('counts and weighs to a byte what random work of two tabs leaves, also across reloads', async () => {
  const check = async (
    limits: { maxEntries: number | null; maxBytes: number; cullFrequency: number },
    rounds: { steps: Step[]; reloads: boolean }[],
  ) => {
    const name = crypto.randomUUID()
    let now = 1_000_000
    const open = () => {
      const adapter = indexedDBAdapter({ name, limits: lruLimits(limits), whenIdle: () => {} })
      return { adapter, cache: createCache({ adapter, clock: () => now, timeout: null }) }
    }
    const other = open()
    let page = open()
    await page.cache.ahasKey('a')
    for (const { steps, reloads } of rounds) {
      now += 700
      await Promise.all(
        steps.map((step, index) => step((index % 2 === 0 ? page : other).cache).catch(() => {})),
      )
      if (reloads) {
        await page.adapter.sweep(now)
        await page.cache.aclose()
        page = open()
      }
      const { keys, weight, uses, totals } = await stored(name)
      expect([...uses.keys()]).toEqual(keys)
      if (totals === undefined) continue
      const weighed = [...uses.values()].reduce((sum, { bytes = 0 }) => sum + bytes, 0)
      expect(totals).toMatchObject({ entries: keys.length, bytes: weight })
      expect(weighed).toBe(weight)
      expect(weight).toBeLessThanOrEqual(limits.maxBytes)
      expect(totals.used).toBeGreaterThanOrEqual(Math.max(...[...uses.values()].map(({ used }) => used), 0))
    }
    await Promise.all([page.cache.aclose(), other.cache.aclose()])
  }
  await fc.assert(fc.asyncProperty(limits, fc.array(round, { minLength: 1, maxLength: 8 }), check), {
    numRuns: 50,
  })
})

async function stored(name: string) {
  const opening = indexedDB.open(name)
  await answer(opening)
  const transaction = opening.result.transaction(['entries', 'values', 'uses', 'totals'])
  const all = async <T>(name: string): Promise<Map<string, T>> => {
    const store = transaction.objectStore(name)
    const [keys, found] = [store.getAllKeys(), store.getAll()]
    await answer(found)
    return new Map(keys.result.map((key, index) => [key as string, found.result[index] as T]))
  }
  const entries = await all<SmallEntry | LargeEntry>('entries')
  const values = await all<{ value: unknown }>('values')
  const uses = await all<Use>('uses')
  const totals = (await all<Totals>('totals')).get('all')
  opening.result.close()
  let weight = 0
  for (const [key, entry] of entries) {
    const value = 'large' in entry ? values.get(key)?.value : entry.value
    weight += estimateBytes(key) + estimateBytes(value)
  }
  return { keys: [...entries.keys()], weight, uses, totals }
}

function answer(request: IDBRequest): Promise<unknown> {
  return new Promise((resolve) => {
    request.onsuccess = resolve
  })
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { share } from '../../core/culling.ts'
import { memoryAdapter } from './index.ts'
import { type Holder, LeastUsed, type UsageOrder } from './least-used.ts'

const KEYS = Array.from({ length: 40 }, (_, index) => `k${index}`)
const key = fc.constantFrom(...KEYS)
type Step = readonly [kind: 'get' | 'set' | 'touch' | 'delete' | 'hasKey' | 'incr' | 'clear', key: string]
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(fc.constantFrom('get' as const, 'set' as const), key) },
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constantFrom('touch' as const, 'delete' as const, 'hasKey' as const, 'incr' as const),
      key,
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('clear' as const), key) },
)

describe('culling', () => {
  it('evicts the same entries as a full sort by last use', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 50, maxLength: 300 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 40 }),
        (steps, maxEntries, cullFrequency) => {
          const cache = createCache({ adapter: memoryAdapter({ maxEntries, cullFrequency }) })
          /** In least recently used order. */
          const naive = new Map<string, number>()
          const use = (name: string) => {
            const value = naive.get(name)
            if (value === undefined) return
            naive.delete(name)
            naive.set(name, value)
          }
          for (const [kind, name] of steps) {
            if (kind === 'get') use(name)
            if (kind === 'delete') naive.delete(name)
            if (kind === 'clear') naive.clear()
            if (kind === 'set') {
              const excess = naive.size >= maxEntries ? share(naive.size, cullFrequency) : 0
              for (const least of [...naive.keys()].slice(0, excess)) naive.delete(least)
              naive.delete(name)
              naive.set(name, 1)
            }
            if (kind === 'incr' && naive.has(name)) {
              use(name)
              cache.incr(name)
            } else if (kind === 'set') cache.set(name, 1)
            else if (kind === 'clear') cache.clear()
            else if (kind !== 'incr') cache[kind](name)
            expect(KEYS.filter((one) => cache.hasKey(one))).toEqual(KEYS.filter((one) => naive.has(one)))
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('does so across prefixes and versions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5), key, fc.boolean()), { minLength: 100, maxLength: 200 }),
        (steps) => {
          const adapter = memoryAdapter({ maxEntries: 30, cullFrequency: 30 })
          const caches = ['', 'a', 'b'].flatMap((keyPrefix) =>
            [1, 2].map((version) => createCache({ adapter, keyPrefix, version })),
          )
          const naive = new Map<string, boolean>()
          for (const [index, name, reads] of steps) {
            const cache = caches[index]
            const id = `${index} ${name}`
            if (reads) cache?.get(name)
            else cache?.set(name, 1)
            if (reads && !naive.has(id)) continue
            if (!reads && naive.size >= 30) naive.delete([...naive.keys()][0] as string)
            naive.delete(id)
            naive.set(id, true)
          }
          const left = caches.flatMap((cache, index) =>
            KEYS.filter((one) => cache.hasKey(one)).map((one) => `${index} ${one}`),
          )
          expect(new Set(left)).toEqual(new Set(naive.keys()))
        },
      ),
    )
  })

  it('scans only a few entries for each eviction', () => {
    const size = 10_000
    const slots = new Map(Array.from({ length: size }, (_, slot) => [`${slot}`, slot]))
    const ticks = Array.from({ length: size }, (_, slot) => slot + 1)
    let looks = 0
    const holder: Holder = {
      slots,
      evict: (rest) => {
        ticks[slots.get(rest) as number] = 0
        slots.delete(rest)
      },
    }
    const of: UsageOrder = {
      get size() {
        return slots.size
      },
      usedAt: (slot) => {
        looks += 1
        return ticks[slot] as number
      },
      holders: () => [holder],
    }
    const leastUsed = new LeastUsed()
    for (let write = 0; write < 20_000; write += 1) {
      leastUsed.drop(1, of)
      const slot = write % size
      expect(slots.has(`${slot}`)).toBe(false)
      slots.set(`${slot}`, slot)
      ticks[slot] = size + write + 1
    }
    expect(looks / 20_000).toBeLessThan(50)
  })
})

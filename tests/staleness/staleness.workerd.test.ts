import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CacheKVNamespace } from '../../src/adapters/kv/index.ts'
import { standForIsolate } from '../../src/adapters/kv/isolate-memories.ts'
import { laggingKV } from '../../src/testing/lagging-kv/index.ts'
import { runs } from '../model/runs.ts'
import { schedules } from './schedules.ts'
import { follow, type World } from './workerd/follow.ts'

/** In seconds. */
const VISIBILITY = 10
const CACHE_TTL = 60
/**
 * In milliseconds. The owner collects changes for a second. Then a location may not see the copy yet, or
 * still cache the old one.
 */
const write = (1 + VISIBILITY + CACHE_TTL) * 1000
/** The clear marker is itself read from KV, and then kept by the isolate for as long again. */
const bounds = { write, clear: write + CACHE_TTL * 1000 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Returns seeded random numbers from 0 up to 1: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Change = (kv: CacheKVNamespace, location: string) => CacheKVNamespace
type Lag = Partial<Parameters<typeof laggingKV>[0]>

function world(
  seed: number,
  change: Change = (kv) => kv,
  lag: (random: () => number) => Lag = () => ({}),
): World {
  const random = seeded(seed)
  const kv = laggingKV({ clock: Date.now, random, visibility: VISIBILITY, ...lag(random) })
  return { bounds, at: (location) => change(kv.at(location), location) }
}

const seeds = fc.integer()

/** The first broken guarantee in about a hundred schedules. */
async function findViolation(change: Change): Promise<string | undefined> {
  const sample = fc.sample(fc.tuple(seeds, schedules), { numRuns: 300, seed: 1 })
  for (const [seed, steps] of sample) {
    const { violation } = await follow(world(seed, change), steps)
    if (violation !== undefined) return violation
  }
  return undefined
}

describe('near reads on a KV that lags', () => {
  it.each<{ kv: string; lag: (random: () => number) => Lag }>([
    { kv: 'as it is', lag: () => ({}) },
    { kv: 'that loses what is written too soon', lag: () => ({ overwrites: 'lose' }) },
    {
      kv: 'that often cannot be read',
      lag: (random) => ({
        fail: ({ method }) => (method.startsWith('GET') && random() < 0.3 ? 500 : undefined),
      }),
    },
  ])(
    '$kv keep to what is promised of them, in random schedules of six isolates in three locations',
    {
      timeout: 3_600_000,
    },
    async ({ lag }) => {
      let reads = 0
      let stale = 0
      await fc.assert(
        fc.asyncProperty(seeds, schedules, async (seed, steps) => {
          reads += steps.filter(({ kind }) => kind === 'read').length
          const followed = await follow(world(seed, undefined, lag), steps)
          stale += followed.stale
          expect(followed.violation).toBeUndefined()
        }),
        { numRuns: runs(100) },
      )
      // Otherwise the schedules tested nothing.
      expect(stale).toBeGreaterThan(0)
      console.info(`${runs(100)} schedules, ${reads} reads, ${stale} stale values, none beyond the bounds`)
    },
  )
})

describe('the checker detects', () => {
  const atHome =
    (put: (kv: CacheKVNamespace) => CacheKVNamespace['put']): Change =>
    (kv, location) =>
      location === 'home' ? changed(kv, { put: put(kv) }) : kv

  it.each<{ what: string; change: Change; how: RegExp }>([
    {
      what: 'an owner that does not renew copies',
      how: /s after a write|its own isolate had written/,
      change: atHome((kv) => {
        const written = new Set<string>()
        return async (key, value, options) => {
          if (!written.has(key)) await kv.put(key, value, options)
          written.add(key)
        }
      }),
    },
    {
      what: 'an owner that does not tell of clears',
      how: /s after a clear/,
      change: atHome((kv) => async (key, value, options) => {
        if (!key.includes('/clears/')) await kv.put(key, value, options)
      }),
    },
    {
      what: 'an owner that does not tell of invalidated tags',
      how: /s after a clear/,
      change: atHome((kv) => (key, value, options) => {
        if (!key.includes('/clears/')) return kv.put(key, value, options)
        // The names of tags begin with a control character.
        const told = Object.entries(JSON.parse(value as string)).filter(
          ([name]) => name >= ' ' || name === '',
        )
        return kv.put(key, JSON.stringify(Object.fromEntries(told)), options)
      }),
    },
    {
      what: 'copies that do not know their deadline',
      how: /past its deadline/,
      change: atHome((kv) => (key, value, options) => {
        const metadata = { ...(options?.metadata as object), expiresAt: null }
        return kv.put(key, value, { metadata })
      }),
    },
  ])('$what', { timeout: 600_000 }, async ({ change, how }) => {
    expect(await findViolation(change)).toMatch(how)
  })
})

function changed(kv: CacheKVNamespace, change: Partial<CacheKVNamespace>): CacheKVNamespace {
  return standForIsolate<CacheKVNamespace>({
    getWithMetadata: kv.getWithMetadata.bind(kv) as CacheKVNamespace['getWithMetadata'],
    get: kv.get.bind(kv),
    put: kv.put.bind(kv),
    delete: kv.delete.bind(kv),
    ...change,
  })
}

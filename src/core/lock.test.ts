import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { createCache } from './create-cache.ts'

/** A cache whose clock moves only while it sleeps, and the pauses it took. */
function lockable() {
  const time = { now: 1_800_000_000_000 }
  const naps: number[] = []
  const cache = createCache({
    adapter: memoryAdapter(),
    clock: () => time.now,
    sleep: async (milliseconds) => {
      naps.push(milliseconds)
      time.now += milliseconds
    },
  })
  return { cache, time, naps }
}

describe('alock()', () => {
  it('has one holder at a time, and opens at the end of the block', async () => {
    const { cache } = lockable()
    {
      await using lock = await cache.alock('l', { timeout: 60 })
      expect(lock?.key).toBe('l')
      expect(await cache.alock('l', { timeout: 60 })).toBeUndefined()
    }
    expect(await cache.alock('l', { timeout: 60 })).toBeDefined()
  })

  it('releases its own lock and never a later holder’s', async () => {
    const { cache, time } = lockable()
    const late = await cache.alock('l', { timeout: 1 })
    time.now += 1_000
    const current = await cache.alock('l', { timeout: 60 })
    expect(current).toBeDefined()
    expect(await late?.release()).toBe(false)
    expect(await cache.alock('l', { timeout: 60 })).toBeUndefined()
    expect(await current?.release()).toBe(true)
    expect(await current?.release()).toBe(false)
  })

  it('waits for the given time, and acquires the lock when it opens', async () => {
    const { cache, naps } = lockable()
    await cache.alock('l', { timeout: 2 })
    expect(await cache.alock('l', { timeout: 60, wait: 1 })).toBeUndefined()
    expect(naps.reduce((sum, nap) => sum + nap, 0)).toBe(1_000)
    expect(await cache.alock('l', { timeout: 60, wait: 5 })).toBeDefined()
    expect(naps.reduce((sum, nap) => sum + nap, 0)).toBeLessThanOrEqual(2_250)
  })

  it.each([
    { clock: 'set back by an hour', jump: -3_600_000, runs: true },
    { clock: 'set ahead by an hour', jump: 3_600_000, runs: true },
    { clock: 'set back, and back again', jump: -1_000, runs: true, always: true },
    { clock: 'that stands still', jump: 0, runs: false },
  ])('waits for the given time with a clock $clock', async ({ jump, runs, always }) => {
    let now = 1_800_000_000_000
    let slept = 0
    const cache = createCache({
      adapter: memoryAdapter(),
      clock: () => now,
      sleep: async (milliseconds) => {
        if (slept === 0 || always) now += jump
        if (runs) now += milliseconds
        slept += milliseconds
        if (slept > 1e6) throw new Error('this wait never ends')
      },
    })
    await cache.alock('l', { timeout: 1e9 })
    // Long enough that the attempts themselves never take that time, even on a slow machine.
    expect(await cache.alock('l', { timeout: 60, wait: 100 })).toBeUndefined()
    expect(slept).toBe(100_000)
  })

  it('counts the real time of attempts and pauses, if pauses take longer than requested', async () => {
    const { now } = performance
    let elapsed = 0
    let naps = 0
    performance.now = () => elapsed
    try {
      const cache = createCache({
        adapter: memoryAdapter(),
        clock: () => 0,
        sleep: async () => {
          naps += 1
          if (naps > 100) throw new Error('this wait never ends')
          elapsed += 1_000
        },
      })
      await cache.alock('l', { timeout: 1e9 })
      expect(await cache.alock('l', { timeout: 60, wait: 3 })).toBeUndefined()
    } finally {
      performance.now = now
    }
    expect(naps).toBe(3)
  })

  it('draws one random number for all attempts, and checks it before the first', async () => {
    let drawn = 0
    const cache = createCache({ adapter: memoryAdapter(), random: () => drawn++ / 10, sleep: async () => {} })
    await cache.alock('l', { timeout: 1e9 })
    await cache.alock('l', { timeout: 60, wait: 5 })
    expect(drawn).toBe(2)
    for (const wrong of [Number.NaN, -0.1, 1, 2, '0.5', null, undefined, 5n, Promise.resolve(0.5)]) {
      const broken = createCache({ adapter: memoryAdapter(), random: () => wrong as never })
      await expect(broken.alock('free', { timeout: 60 })).rejects.toThrow(
        /^random must return a number from 0 up to 1/,
      )
      expect(() => broken.lock('free', { timeout: 60 })).toThrow(TypeError)
      expect(broken.hasKey('free')).toBe(false)
    }
  })

  it('refuses a lock that would never open, or a wait that is not a number', async () => {
    const { cache } = lockable()
    for (const timeout of [0, -1, null, undefined]) {
      await expect(cache.alock('l', { timeout: timeout as number })).rejects.toThrow(RangeError)
    }
    await expect(cache.alock('l', { timeout: 1, wait: Number.NaN })).rejects.toThrow(TypeError)
    await expect(cache.alock('l', undefined as never)).rejects.toThrow(RangeError)
  })

  it('keeps versions and prefixes apart', async () => {
    const { cache } = lockable()
    expect(await cache.alock('l', { timeout: 1 })).toBeDefined()
    expect(await cache.alock('l', { timeout: 1, version: 2 })).toBeDefined()
  })
})

describe('lock()', () => {
  it('does the same synchronously', () => {
    const { cache } = lockable()
    {
      using lock = cache.lock('l', { timeout: 60 })
      expect(lock?.key).toBe('l')
      expect(cache.lock('l', { timeout: 60 })).toBeUndefined()
    }
    expect(cache.lock('l', { timeout: 60 })?.release()).toBe(true)
  })
})

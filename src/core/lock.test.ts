import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { createCache } from './create-cache.ts'

/** A cache whose time passes only while it sleeps, and what it slept. */
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

  it('waits as long as it is told, and takes the lock when it opens', async () => {
    const { cache, naps } = lockable()
    await cache.alock('l', { timeout: 2 })
    expect(await cache.alock('l', { timeout: 60, wait: 1 })).toBeUndefined()
    expect(naps.reduce((sum, nap) => sum + nap, 0)).toBe(1_000)
    expect(await cache.alock('l', { timeout: 60, wait: 5 })).toBeDefined()
    expect(naps.reduce((sum, nap) => sum + nap, 0)).toBeLessThanOrEqual(2_250)
  })

  it('refuses a lock that would never open, or a wait that is no number', async () => {
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
  it('is the same, at once', () => {
    const { cache } = lockable()
    {
      using lock = cache.lock('l', { timeout: 60 })
      expect(lock?.key).toBe('l')
      expect(cache.lock('l', { timeout: 60 })).toBeUndefined()
    }
    expect(cache.lock('l', { timeout: 60 })?.release()).toBe(true)
  })
})

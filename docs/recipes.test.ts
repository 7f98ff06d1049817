import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../src/adapters/memory/index.ts'
import { type Adapter, type AsyncCache, createCache } from '../src/index.ts'

/** Memory as a place one has to wait for, where callers meet as they do in the others. */
function distant(): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

function cacheAt(clock = () => 1_800_000_000_000): AsyncCache {
  return createCache({ adapter: distant(), clock, sleep: () => Promise.resolve() })
}

const atOnce = <T>(count: number, call: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, call))

describe('counting views', () => {
  it('loses views when the well-known way sets 1 on a miss', async () => {
    const cache = cacheAt()
    await atOnce(100, async () => {
      const views = await cache.aget<number>('views')
      if (views === undefined) await cache.aset('views', 1)
      else await cache.aincr('views')
    })
    expect(await cache.aget('views')).not.toBe(100)
  })

  it('loses none when creating and counting are one step', async () => {
    const cache = cacheAt()
    const counts = await atOnce(100, () => cache.aincr('views', 1, { initial: 0 }))
    expect(new Set(counts).size).toBe(100)
    expect(await cache.aget('views')).toBe(100)
  })
})

describe('limiting a rate', () => {
  it('lets too many through when asking and counting are two steps', async () => {
    const cache = cacheAt()
    const allowed = await atOnce(50, async () => {
      const remaining = await cache.aget<number>('rate')
      if (remaining === undefined) {
        await cache.aset('rate', 9, 60)
        return true
      }
      if (remaining <= 0) return false
      await cache.adecr('rate')
      return true
    })
    expect(allowed.filter(Boolean).length).toBeGreaterThan(10)
  })

  it('lets exactly the limit through when they are one, and again in the next window', async () => {
    let now = 1_800_000_000_000
    const cache = cacheAt(() => now)
    const allow = async () => (await cache.aincr('rate', 1, { initial: 0, timeout: 60 })) <= 10
    expect((await atOnce(50, allow)).filter(Boolean)).toHaveLength(10)
    now += 60_000
    expect((await atOnce(50, allow)).filter(Boolean)).toHaveLength(10)
  })
})

describe('computing once', () => {
  it('computes for every caller when a miss is asked for and filled by hand', async () => {
    const cache = cacheAt()
    let computed = 0
    await atOnce(20, async () => {
      if ((await cache.aget('report')) !== undefined) return
      computed += 1
      await cache.aset('report', 'made')
    })
    expect(computed).toBeGreaterThan(1)
  })

  it('computes once in a process with agetOrSet', async () => {
    const cache = cacheAt()
    let computed = 0
    await atOnce(20, () => cache.agetOrSet('report', async () => ++computed))
    expect(computed).toBe(1)
  })

  it('computes once across processes with a lock, and never opens another holder’s', async () => {
    let now = 1_800_000_000_000
    const store = distant()
    // Adapter objects of their own, as two processes have them: nothing is shared but the store.
    const sleep = async (milliseconds: number) => {
      now += milliseconds
    }
    const processes = Array.from({ length: 4 }, () =>
      createCache({ adapter: { ...store }, clock: () => now, sleep }),
    )
    let computed = 0
    const getOrCreate = async (cache: AsyncCache): Promise<unknown> => {
      const found = await cache.aget('report')
      if (found !== undefined) return found
      await using lock = await cache.alock('lock:report', { timeout: 30, wait: 10 })
      expect(lock).toBeDefined()
      // With `await`: the lock is released when the value is stored, not when the load begins.
      return await cache.agetOrSet('report', async () => ++computed, 300)
    }
    expect(await Promise.all(processes.map(getOrCreate))).toEqual([1, 1, 1, 1])
    expect(computed).toBe(1)
  })

  it('opens the lock of the next holder when it is made of add and delete', async () => {
    let now = 1_800_000_000_000
    const cache = cacheAt(() => now)
    await cache.aadd('lock', 'slow', 1)
    now += 1_000
    expect(await cache.aadd('lock', 'next', 60)).toBe(true)
    await cache.adelete('lock')
    expect(await cache.aadd('lock', 'third', 60)).toBe(true)

    const slow = await cache.alock('own', { timeout: 1 })
    now += 1_000
    await cache.alock('own', { timeout: 60 })
    await slow?.release()
    expect(await cache.alock('own', { timeout: 60 })).toBeUndefined()
  })
})

describe('going on without the cache', () => {
  it('tells the loader’s fault from the cache’s, and runs the loader once', async () => {
    const down = () => Promise.reject(new Error('the store is down'))
    const faults: unknown[] = []
    const cache = createCache({
      adapter: { ...distant(), read: down, commit: down },
      onError: (error) => {
        faults.push(error.cause)
        return 'miss'
      },
    })
    let runs = 0
    const load = async () => {
      runs += 1
      throw new Error('the source is down')
    }
    await expect(cache.agetOrSet('k', load)).rejects.toThrow('the source is down')
    expect(runs).toBe(1)
    expect(faults).toEqual([new Error('the store is down')])
  })
})

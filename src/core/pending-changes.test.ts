import { describe, expect, it, vi } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import type { AsyncCache } from './cache.ts'
import { createCache } from './create-cache.ts'
import { loadsOf } from './in-flight.ts'

interface Held {
  /** Lets a held change run, and its answer arrive. */
  release(): void
  fail(): void
}

/**
 * Memory with asynchronous answers. The next changes or clears can be held before they run, or before they
 * are answered.
 */
function open() {
  const memory = memoryAdapter()
  const holds: ((work: () => Promise<unknown>) => Promise<unknown>)[] = []
  const through = <T>(work: () => Promise<T>): Promise<T> => (holds.shift()?.(work) as Promise<T>) ?? work()
  const { name, supports, read, close } = memory
  const adapter: Adapter = {
    name,
    supports,
    read,
    close,
    commit: (changes, now) => through(() => memory.commit(changes, now)),
    clear: (scope) => through(() => memory.clear(scope)),
  }
  /** Holds the next change or clear. */
  const hold = (where: 'on its way' | 'on its way back'): Held => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    holds.push(async (work) => {
      if (where === 'on its way') {
        await promise
        return work()
      }
      const answer = await work()
      await promise
      return answer
    })
    return { release: resolve, fail: () => reject(new Error('connection lost')) }
  }
  return {
    adapter,
    hold,
    cache: createCache({ adapter }),
    prefixed: createCache({ adapter, keyPrefix: 'app' }),
    /** The same store through another adapter object, whose changes the loads of the other caches do not see. */
    elsewhere: createCache({ adapter: memory }),
  }
}

/** A load of `'key'` in flight. */
async function startLoad(cache: AsyncCache) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const started = Promise.withResolvers<void>()
  const load = vi.fn(() => {
    started.resolve()
    return promise
  })
  const call = cache.agetOrSet('key', load)
  const settled = vi.fn()
  call.then(settled, settled)
  await started.promise
  return { call, settled, load, finish: () => resolve('late'), fail: () => reject(new Error('mine')) }
}

/** Long enough for everything that waits for nothing else. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await null
}

type Scene = ReturnType<typeof open>

interface Case {
  readonly what: string
  /** Stored elsewhere during the load, so that the change finds it. */
  readonly stored?: unknown
  readonly change: (cache: AsyncCache) => Promise<unknown>
  readonly changes: boolean
}

const CASES: readonly Case[] = [
  { what: 'set', change: (cache) => cache.aset('key', 'x', 0), changes: true },
  { what: 'delete of a missing key', change: (cache) => cache.adelete('key'), changes: true },
  { what: 'deleteMany', change: (cache) => cache.adeleteMany(['a', 'key', 'b']), changes: true },
  { what: 'clear', change: (cache) => cache.aclear(), changes: true },
  { what: 'add', change: (cache) => cache.aadd('key', 'x'), changes: true },
  { what: 'add, refused', stored: 'x', change: (cache) => cache.aadd('key', 'y'), changes: false },
  { what: 'touch', stored: 'x', change: (cache) => cache.atouch('key', 60), changes: true },
  { what: 'touch that removes', stored: 'x', change: (cache) => cache.atouch('key', 0), changes: true },
  { what: 'touch, refused', change: (cache) => cache.atouch('key', 60), changes: false },
  { what: 'incr', stored: 1, change: (cache) => cache.aincr('key'), changes: true },
  { what: 'incr, refused', change: (cache) => cache.aincr('key'), changes: false },
  { what: 'incr of a text', stored: 'x', change: (cache) => cache.aincr('key'), changes: false },
  { what: 'pop', stored: 'x', change: (cache) => cache.apop('key'), changes: true },
  { what: 'pop, refused', change: (cache) => cache.apop('key'), changes: false },
  { what: 'lock', change: (cache) => cache.alock('key', { timeout: 9 }), changes: true },
  { what: 'lock, refused', stored: 1, change: (cache) => cache.alock('key', { timeout: 9 }), changes: false },
  { what: 'a move away', stored: 'x', change: (cache) => cache.aincrVersion('key'), changes: true },
  { what: 'a move away, refused', change: (cache) => cache.aincrVersion('key'), changes: false },
  {
    what: 'a move onto it',
    change: (cache) => cache.aincrVersion('key', 1, { version: 0 }),
    changes: true,
  },
  {
    what: 'a move onto it, refused',
    change: (cache) => cache.aincrVersion('key', -1, { version: 2 }),
    changes: false,
  },
]

describe('a load that ends while a change of its key is pending', () => {
  const begin = async (scene: Scene, { stored, change }: Case, held: Held) => {
    await scene.elsewhere.aset('key', 'moved', { version: 0 })
    const load = await startLoad(scene.cache)
    if (stored !== undefined) await scene.elsewhere.aset('key', stored)
    const changing = change(scene.cache)
    changing.catch(() => {})
    await flush()
    await scene.elsewhere.adelete('key')
    load.finish()
    await flush()
    expect(load.settled).not.toHaveBeenCalled()
    return { ...load, changing, held }
  }

  it.each(CASES)('waits for the outcome, which decides: $what', async (example) => {
    const scene = open()
    const { held, changing, call } = await begin(scene, example, scene.hold('on its way back'))
    held.release()
    await changing.catch(() => {})
    expect(await call).toBe('late')
    expect(await scene.cache.aget('key')).toBe(example.changes ? undefined : 'late')
    expect(loadsOf(scene.adapter).size).toBe(0)
  })

  it.each(CASES)('counts a failed change as made: $what', async (example) => {
    const scene = open()
    const { held, changing, call } = await begin(scene, example, scene.hold('on its way'))
    held.fail()
    await expect(changing).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
    expect(await call).toBe('late')
    expect(await scene.cache.ahasKey('key')).toBe(false)
    expect(loadsOf(scene.adapter).size).toBe(0)
  })

  it.each([
    ['a set', (cache: AsyncCache) => cache.aset('key', 'theirs')],
    ['an add', (cache: AsyncCache) => cache.aadd('key', 'theirs')],
    ['a move', (cache: AsyncCache) => cache.aincrVersion('key', 1, { version: 0 })],
  ])('returns the value after %s', async (_, change) => {
    const { cache, elsewhere, hold } = open()
    await elsewhere.aset('key', 'theirs', { version: 0 })
    const { call, finish } = await startLoad(cache)
    const held = hold('on its way')
    const changing = change(cache)
    finish()
    await flush()
    held.release()
    expect(await call).toBe('theirs')
    await changing
    expect(await cache.aget('key')).toBe('theirs')
  })

  it('does not wait for changes of other keys, versions and prefixes', async () => {
    const { cache, prefixed, hold } = open()
    const { call, finish } = await startLoad(cache)
    const changes = [
      () => cache.apop('other'),
      () => cache.adelete('key', { version: 2 }),
      () => prefixed.adelete('key'),
      () => prefixed.aclear(),
    ]
    const held = changes.map((change) => {
      const one = hold('on its way back')
      return { one, changing: change() }
    })
    finish()
    expect(await call).toBe('late')
    expect(await cache.aget('key')).toBe('late')
    for (const { one, changing } of held) {
      one.release()
      await changing
    }
  })

  it('waits for all of them, and is superseded by any that changed something', async () => {
    const { cache, elsewhere, hold } = open()
    const { call, settled, finish } = await startLoad(cache)
    const holds = [hold('on its way'), hold('on its way'), hold('on its way')]
    const changing = [cache.atouch('key', 60), cache.apop('key'), cache.atouch('key', 60)]
    finish()
    holds[0]?.release()
    await flush()
    await elsewhere.aset('key', 'x')
    holds[1]?.release()
    await flush()
    expect(settled).not.toHaveBeenCalled()
    holds[2]?.release()
    expect(await Promise.all(changing)).toEqual([false, 'x', false])
    expect(await call).toBe('late')
    expect(await cache.ahasKey('key')).toBe(false)
  })

  it('does not wait forever for repeated touches, but waits for changes that may remove the key', async () => {
    const { cache, elsewhere, hold } = open()
    const first = await startLoad(cache)
    const holds = [hold('on its way'), hold('on its way back')]
    const touches = [cache.atouch('key', 60)]
    first.finish()
    await flush()
    touches.push(cache.atouch('key', 60))
    holds[0]?.release()
    expect(await first.call).toBe('late')
    expect(await cache.aget('key')).toBe('late')
    holds[1]?.release()
    expect(await Promise.all(touches)).toEqual([false, false])

    await cache.adelete('key')
    const second = await startLoad(cache)
    const [touch, pop] = [hold('on its way'), hold('on its way back')]
    const touching = cache.atouch('key', 60)
    second.finish()
    await flush()
    await elsewhere.aset('key', 'x')
    const popping = cache.apop('key')
    await flush()
    touch.release()
    await touching
    await flush()
    expect(second.settled).not.toHaveBeenCalled()
    pop.release()
    expect(await popping).toBe('x')
    expect(await second.call).toBe('late')
    expect(await cache.ahasKey('key')).toBe(false)
  })

  it('does not delay an error, or a value that is not stored', async () => {
    const { cache, hold } = open()
    const { call, fail } = await startLoad(cache)
    const held = hold('on its way back')
    const popping = cache.apop('key')
    fail()
    await expect(call).rejects.toThrow('mine')
    held.release()
    await popping
  })

  it('stops waiting for an unanswered change after operationTimeout', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const { cache, hold } = open()
      const { call, settled, finish } = await startLoad(cache)
      hold('on its way')
      const touching = cache.atouch('key', 60)
      touching.catch(() => {})
      finish()
      await vi.advanceTimersByTimeAsync(29_000)
      expect(settled).not.toHaveBeenCalled()
      await vi.advanceTimersByTimeAsync(1_000)
      await expect(touching).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
      expect(await call).toBe('late')
      expect(await cache.ahasKey('key')).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a caller who comes while a change is pending', () => {
  it.each([
    ['that changes nothing', undefined, 1],
    ['that takes the key out', 'x', 2],
  ])('joins the load by its outcome: a pop %s', async (_, stored, loads) => {
    const { cache, elsewhere, hold } = open()
    const first = await startLoad(cache)
    const second = vi.fn(async () => 'newer')
    if (stored !== undefined) await elsewhere.aset('key', stored)
    const held = hold('on its way back')
    const popping = cache.apop('key')
    const joining = cache.agetOrSet('key', second)
    await flush()
    expect(second).not.toHaveBeenCalled()
    held.release()
    expect(await popping).toBe(stored)
    await flush()
    first.finish()
    expect(await joining).toBe(loads === 1 ? 'late' : 'newer')
    expect(first.load.mock.calls.length + second.mock.calls.length).toBe(loads)
    expect(await first.call).toBe(loads === 1 ? 'late' : 'newer')
  })

  it('loads at once, next to a load that a set, delete or clear supersedes', async () => {
    for (const change of [
      (cache: AsyncCache) => cache.aset('key', 'x', 0),
      (cache: AsyncCache) => cache.adelete('key'),
      (cache: AsyncCache) => cache.aclear(),
    ]) {
      const { cache, hold } = open()
      const first = await startLoad(cache)
      const held = hold('on its way')
      const changing = change(cache)
      expect(await cache.agetOrSet('key', async () => 'newer')).toBe('newer')
      held.release()
      await changing
      first.finish()
      await first.call
    }
  })
})

it('does not track changes while no load is in flight', async () => {
  const { adapter, cache } = open()
  await Promise.all([cache.aset('key', 1), cache.aincr('key'), cache.apop('key'), cache.aclear()])
  expect(loadsOf(adapter).size).toBe(0)
  expect(loadsOf(adapter).begin([{ key: 'key', op: { kind: 'pop' } }], 0)).toBeUndefined()
})

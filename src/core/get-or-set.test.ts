import { describe, expect, it } from 'vitest'
import { byteLimit, memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import type { AsyncCache } from './cache.ts'
import { createCache } from './create-cache.ts'
import { loadsOf } from './in-flight.ts'

/** Memory with asynchronous answers, like the other adapters. */
function distant(): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

/** A loader that the test resolves. */
function deferred<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const started = Promise.withResolvers<void>()
  let calls = 0
  const load = (): Promise<T> => {
    calls += 1
    started.resolve()
    return promise
  }
  return { load, resolve, reject, started: started.promise, calls: () => calls }
}

const places: [string, () => Adapter][] = [
  ['a place one waits for', distant],
  ['memory', memoryAdapter],
]

describe.each(places)('agetOrSet() on %s', (_, create) => {
  it('loads once for a thousand callers, and gives each its own copy', async () => {
    const cache = createCache({ adapter: create() })
    const { load, resolve, calls } = deferred<{ n: number }>()
    const all = Array.from({ length: 1_000 }, () => cache.agetOrSet('k', load))
    resolve({ n: 1 })
    const values = await Promise.all(all)
    expect(calls()).toBe(1)
    expect(new Set(values).size).toBe(1_000)
    for (const value of values) {
      expect(value).toEqual({ n: 1 })
      value.n += 1
    }
    expect(await cache.aget('k')).toEqual({ n: 1 })
  })

  it('loads once even for callers that come while others are leaving', async () => {
    const cache = createCache({ adapter: create() })
    let loads = 0
    const ask = () => cache.agetOrSet('k', () => ++loads)
    const early = ask()
    const late = Promise.resolve().then(ask)
    const later = Promise.resolve()
      .then(() => Promise.resolve())
      .then(ask)
    expect(await Promise.all([early, late, later])).toEqual([1, 1, 1])
    expect(loads).toBe(1)
  })

  it('rejects every waiter with the loader’s error, stores nothing, and loads again for the next caller', async () => {
    const cache = createCache({ adapter: create() })
    const { load, reject, calls } = deferred<number>()
    const all = Array.from({ length: 10 }, () => cache.agetOrSet('k', load))
    reject(new Error('origin is down'))
    for (const result of await Promise.allSettled(all)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'origin is down' } })
    }
    expect(calls()).toBe(1)
    expect(await cache.ahasKey('k')).toBe(false)
    expect(await cache.agetOrSet('k', async () => 2)).toBe(2)
  })

  const overtaking: [string, (cache: AsyncCache) => Promise<unknown>, unknown][] = [
    ['a set', (cache) => cache.aset('k', 'newer'), 'newer'],
    ['a setMany', (cache) => cache.asetMany({ k: 'newer' }), 'newer'],
    ['an add', (cache) => cache.aadd('k', 'newer'), 'newer'],
    ['a delete', (cache) => cache.adelete('k'), undefined],
    ['a deleteMany', (cache) => cache.adeleteMany(['k']), undefined],
    ['a clear', (cache) => cache.aclear(), undefined],
    ['a set and a delete', async (cache) => [await cache.aset('k', 1), await cache.adelete('k')], undefined],
    [
      'a version that moves here',
      async (cache) => {
        await cache.aset('k', 'moved', { version: 0 })
        await cache.aincrVersion('k', 1, { version: 0 })
      },
      'moved',
    ],
  ]
  it.each(overtaking)('never overwrites %s with a late result', async (_name, overtake, after) => {
    const adapter = create()
    const cache = createCache({ adapter })
    const other = createCache({ adapter })
    const { load, resolve, started } = deferred<string>()
    const waiting = cache.agetOrSet('k', load)
    await started
    await overtake(other)
    resolve('loaded before that')
    expect(await waiting).toBe(after ?? 'loaded before that')
    expect(await cache.aget('k')).toBe(after)
  })

  it('starts a new load for a caller after a delete, next to the superseded one', async () => {
    const cache = createCache({ adapter: create() })
    const old = deferred<string>()
    const waiting = cache.agetOrSet('k', old.load)
    await old.started
    await cache.adelete('k')
    expect(await cache.agetOrSet('k', async () => 'fresh')).toBe('fresh')
    old.resolve('stale')
    expect(await waiting).toBe('fresh')
    expect(await cache.aget('k')).toBe('fresh')
  })

  it('continues the load when a waiter aborts', async () => {
    const cache = createCache({ adapter: create() })
    const { load, resolve, started } = deferred<string>()
    const leaving = new AbortController()
    const gone = cache.agetOrSet('k', load, { signal: leaving.signal })
    const stays = cache.agetOrSet('k', load)
    await started
    leaving.abort(new Error('no longer needed'))
    await expect(gone).rejects.toThrow('no longer needed')
    resolve('loaded')
    expect(await stays).toBe('loaded')
    const unwanted = () => expect.fail('it was called')
    await expect(cache.agetOrSet('k2', unwanted, { signal: leaving.signal })).rejects.toThrow('no longer')
  })

  it('passes undefined through and stores null', async () => {
    const cache = createCache({ adapter: create() })
    expect(await cache.agetOrSet('k', async () => undefined)).toBeUndefined()
    expect(await cache.ahasKey('k')).toBe(false)
    expect(await cache.agetOrSet('k', () => null)).toBeNull()
    expect(await cache.agetOrSet('k', () => 'not called')).toBeNull()
    await expect(cache.agetOrSet('k', undefined)).rejects.toThrow(TypeError)
  })

  it('rejects a result that cannot be cached, and stores nothing', async () => {
    const cache = createCache({ adapter: create() })
    await expect(cache.agetOrSet('k', () => ({ f: () => 1 }))).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    })
    expect(await cache.ahasKey('k')).toBe(false)
  })

  it('148. takes a failing store for a failure, not for a miss', async () => {
    const adapter = create()
    adapter.read = async () => {
      throw new Error('disk on fire')
    }
    const { read, commit, clear, close, name, supports } = adapter
    const cache = createCache({ adapter: { name, supports, read, commit, clear, close } })
    let loads = 0
    await expect(cache.agetOrSet('k', () => ++loads)).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      cause: { message: 'disk on fire' },
    })
    expect(loads).toBe(0)
  })
})

describe('agetOrSet() and getOrSet()', () => {
  it('returns a value that a concurrent pop cannot change', async () => {
    const cache = createCache({ adapter: memoryAdapter() })
    const waiting = cache.agetOrSet('k', () => ({ n: 1 }))
    for (let turn = 0; turn < 100 && !cache.hasKey('k'); turn += 1) await null
    const popped = cache.pop<{ n: number }>('k')
    expect(popped).toEqual({ n: 1 })
    if (popped !== undefined) popped.n = 2
    expect(await waiting).toEqual({ n: 1 })
  })

  it('keeps the value that the loader of getOrSet stored by reading its own key', () => {
    const cache = createCache({ adapter: memoryAdapter() })
    expect(cache.getOrSet('k', () => [cache.getOrSet('k', 'inner'), 'outer'])).toBe('inner')
    expect(cache.get('k')).toBe('inner')
    expect(cache.getOrSet('j', () => cache.getOrSet('j', () => undefined) ?? 'outer')).toBe('outer')
    expect(cache.get('j')).toBe('outer')
  })

  it('lets getOrSet load during an async load, which then returns the value of getOrSet', async () => {
    const adapter = memoryAdapter()
    const cache = createCache({ adapter })
    const { load, resolve, started } = deferred<string>()
    const waiting = cache.agetOrSet('k', load)
    await started
    expect(cache.getOrSet('k', () => 'at once')).toBe('at once')
    const joining = cache.agetOrSet('k', load)
    resolve('late')
    expect(await Promise.all([waiting, joining])).toEqual(['at once', 'at once'])
    expect(loadsOf(adapter).size).toBe(0)
  })

  it('lets a change inside a load of getOrSet supersede every load of the key', async () => {
    const adapter = memoryAdapter()
    const cache = createCache({ adapter })
    const { load, resolve, started } = deferred<string>()
    const waiting = cache.agetOrSet('k', load)
    await started
    const sync = cache.getOrSet('k', () => {
      cache.delete('k')
      return 'not kept'
    })
    expect(sync).toBe('not kept')
    resolve('late')
    expect(await waiting).toBe('late')
    expect(cache.hasKey('k')).toBe(false)
    expect(loadsOf(adapter).size).toBe(0)
  })

  it('returns copies from both, also of values that are not stored', async () => {
    for (const limit of [undefined, byteLimit(1_000)]) {
      const cache = createCache({ adapter: memoryAdapter({ byteLimit: limit }) })
      const value = { n: 1 }
      const given = [
        cache.getOrSet('a', () => value),
        cache.getOrSet('b', () => value, 0),
        await cache.agetOrSet('c', () => value),
        await cache.agetOrSet('d', () => value, 0),
      ]
      for (const one of given) one.n += 1
      expect(given).toEqual([{ n: 2 }, { n: 2 }, { n: 2 }, { n: 2 }])
      expect(value).toEqual({ n: 1 })
      expect(cache.getMany(['a', 'b', 'c', 'd'])).toEqual(
        new Map([
          ['a', { n: 1 }],
          ['c', { n: 1 }],
        ]),
      )
    }
  })

  it('forgets a load of getOrSet that throws', () => {
    const adapter = memoryAdapter()
    const cache = createCache({ adapter })
    const load = () => {
      throw new Error('origin is down')
    }
    expect(() => cache.getOrSet('k', load)).toThrow('origin is down')
    expect(loadsOf(adapter).size).toBe(0)
    expect(cache.getOrSet('k', () => 'next')).toBe('next')
  })
})

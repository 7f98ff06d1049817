import { describe, expect, it } from 'vitest'
import type { Change } from '../../core/adapter.ts'
import { createCache } from '../../core/create-cache.ts'
import type { SyncCache } from '../../core/sync-cache.ts'
import { byteLimit, memoryAdapter } from './index.ts'

const TOO_LARGE = expect.objectContaining({ code: 'VALUE_TOO_LARGE' })
const kilobytes = (count: number) => new Uint8Array(1_000 * count)

describe.each(['copied', 'shared'] as const)('a value larger than the byte limit, values %s', (values) => {
  const open = (): SyncCache =>
    createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(5_000), values }), keys: 'off' })

  it.each<[string, (cache: SyncCache) => unknown]>([
    ['set', (cache) => cache.set('k', kilobytes(9))],
    ['set for a time', (cache) => cache.set('k', kilobytes(9), 60)],
    ['set of a version', (cache) => cache.set('k', kilobytes(9), { version: 1 })],
    ['aset', (cache) => cache.aset('k', kilobytes(9))],
  ])('is refused by %s, and the old value is removed', async (_, write) => {
    for (const before of [undefined, 'old', 7]) {
      const cache = open()
      cache.set('neighbour', 1)
      if (before !== undefined) cache.set('k', before)
      await expect(async () => await write(cache)).rejects.toThrow(TOO_LARGE)
      expect(cache.get('k')).toBeUndefined()
      expect(cache.get('neighbour')).toBe(1)
      cache.set('k', 'fits')
      expect(cache.get('k')).toBe('fits')
    }
  })

  it.each<[string, (cache: SyncCache) => unknown]>([
    ['add', (cache) => cache.add('k', kilobytes(9))],
    ['aadd', (cache) => cache.aadd('k', kilobytes(9))],
    ['agetOrSet', (cache) => cache.agetOrSet('k', kilobytes(9))],
    ['getOrSet', (cache) => cache.getOrSet('k', kilobytes(9))],
  ])('is refused by %s, and nothing changes', async (_, write) => {
    const cache = open()
    cache.set('neighbour', 1)
    await expect(async () => await write(cache)).rejects.toThrow(TOO_LARGE)
    expect(cache.getMany(['k', 'neighbour'])).toEqual(new Map([['neighbour', 1]]))
    cache.set('k', 'live')
    expect(cache.add('k', kilobytes(9))).toBe(false)
    expect(cache.get('k')).toBe('live')
  })

  it('is reported by setMany, and the other values are stored', async () => {
    const cache = open()
    const data = { a: 1, heavy: kilobytes(9), b: 'two', heavier: 'x'.repeat(5_001) }
    expect(cache.setMany(data)).toEqual(['heavy', 'heavier'])
    expect(await cache.asetMany(data)).toEqual(['heavy', 'heavier'])
    expect([...cache.getMany(Object.keys(data)).keys()]).toEqual(['a', 'b'])
  })

  it('may be a counter under a large key', () => {
    const cache = open()
    const key = 'k'.repeat(6_000)
    expect(() => cache.incr(key, 1, { initial: 0 })).toThrow(TOO_LARGE)
    expect(cache.hasKey(key)).toBe(false)
  })

  it('stays where it is if it is too large only under the key that it is moved to', () => {
    const adapter = memoryAdapter({ byteLimit: byteLimit(5_000), values })
    const long = `:1:${'k'.repeat(4_500)}`
    const commit = (...changes: Change[]) => adapter.commitSync(changes, 0)
    const entry = { value: kilobytes(1), expiresAt: null }
    commit({ key: ':1:a', op: { kind: 'set', entry } })
    expect(commit({ key: ':1:a', op: { kind: 'move', to: long } })).toEqual([
      { ok: false, reason: 'too-large' },
    ])
    expect(adapter.readSync([':1:a', long], 0, 'value')).toEqual([entry, undefined])
    expect(commit({ key: ':1:a', op: { kind: 'move', to: ':2:b' } })).toEqual([{ ok: true }])
    expect(adapter.readSync([':1:a', ':2:b'], 0, 'value')).toEqual([undefined, entry])
  })
})

describe('limits', () => {
  it('are named by the error if they are invalid', () => {
    for (const wrong of [{ maxEntries: 0 }, { maxEntries: -5 }, { cullFrequency: -1 }]) {
      expect(() => memoryAdapter(wrong)).toThrow(RangeError)
    }
    expect(() => memoryAdapter({ byteLimit: 5_000 as never })).toThrow(/takes byteLimit\(bytes\)/)
  })

  it.each([
    [10_000, 3, 15_000],
    [10, 3, 15],
    [10, 0, 15],
    [1, 1, 3],
    [100, 1_000, 250],
  ])(
    'of %d entries, frequency %d: setMany of %d names those that made room for the others',
    async (maxEntries, cullFrequency, count) => {
      const cache = createCache({ adapter: memoryAdapter({ maxEntries, cullFrequency }) })
      const keys = Array.from({ length: count }, (_, index) => `k${index}`)
      const data = keys.map((key, index) => [key, index] as const)
      const dropped = await cache.asetMany(data)
      const kept = cache.getMany(keys)
      expect(kept.size).toBeLessThanOrEqual(maxEntries)
      expect([...dropped, ...kept.keys()]).toEqual(keys)
      expect(dropped.length).toBeGreaterThan(0)
      // Existing entries are evicted for them, and no change reports it.
      expect(cache.setMany({ one: 1 })).toEqual([])
    },
  )

  it('of bytes: setMany reports the keys that were evicted for the others', () => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(20_000) }) })
    const keys = Array.from({ length: 50 }, (_, index) => `k${index}`)
    const dropped = cache.setMany(keys.map((key) => [key, kilobytes(1)] as const))
    expect([...dropped, ...cache.getMany(keys).keys()]).toEqual(keys)
    expect(dropped.length).toBeGreaterThan(20)
  })

  it('report no failure for a key that the same commit deleted again', () => {
    const adapter = memoryAdapter({ maxEntries: 2, cullFrequency: 1 })
    const set = (key: string): Change => ({
      key: `:1:${key}`,
      op: { kind: 'set', entry: { value: 1, expiresAt: null } },
    })
    const outcomes = adapter.commitSync(
      [set('a'), { key: ':1:a', op: { kind: 'delete' } }, set('b'), set('c'), set('d')],
      0,
    )
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.reason))).toEqual([
      'ok',
      'ok',
      'evicted',
      'evicted',
      'ok',
    ])
  })
})

describe('a shared value whose bytes are estimated', () => {
  type Hostile = [string, (cache: SyncCache) => object]
  const hostile: Hostile[] = [
    [
      'a getter that throws',
      () => ({
        get a() {
          throw new Error('no')
        },
      }),
    ],
    [
      'a getter that deletes its key',
      (cache) => ({
        get a() {
          cache.delete('k')
          return 1
        },
      }),
    ],
    [
      'a getter that clears',
      (cache) => ({
        get a() {
          cache.clear()
          return 1
        },
      }),
    ],
    [
      'a getter that writes its key',
      (cache) => ({
        get a() {
          cache.set('k', 'mine')
          return 1
        },
      }),
    ],
    ['an array with a getter', (cache) => Object.defineProperty([1, 2], 0, { get: () => cache.clear() })],
    [
      'a class instance',
      () =>
        new (class Point {
          x = 1
          readonly #y = 2
          get y() {
            return this.#y
          }
        })(),
    ],
  ]

  it.each(hostile)('does not run its own code: %s', async (_, make) => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(5_000), values: 'shared' }) })
    const value = make(cache)
    for (const before of [undefined, 'old']) {
      if (before !== undefined) cache.set('k', before)
      cache.set('neighbour', 1)
      cache.set('k', value)
      expect(cache.get('k')).toBe(value)
      expect(cache.incrVersion('k')).toBe(2)
      expect(cache.get('k', { version: 2 })).toBe(value)
      expect(cache.setMany({ k: value, l: value })).toEqual([])
      expect(cache.get('neighbour')).toBe(1)
      cache.delete('k')
      expect(await cache.aadd('k', value)).toBe(true)
    }
    for (let index = 0; index < 200; index += 1) cache.set(`k${index}`, { value, index })
    expect(cache.get('k199')).toEqual({ value, index: 199 })
  })

  /** An object whose getters run code. */
  const trap = (run: () => void): object =>
    new Proxy(
      { a: 1 },
      {
        ownKeys: () => {
          run()
          return ['a']
        },
      },
    )

  it('is refused if estimating it fails, and nothing changes', async () => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(5_000), values: 'shared' }) })
    const broken = trap(() => {
      throw new Error('no')
    })
    cache.set('k', 'old')
    const INVALID = expect.objectContaining({ code: 'INVALID_VALUE', key: 'k' })
    expect(() => cache.set('k', { deep: [broken] })).toThrow(INVALID)
    expect(() => cache.add('k', broken)).toThrow(INVALID)
    await expect(cache.asetMany({ other: 1, k: broken })).rejects.toThrow(INVALID)
    expect(cache.getMany(['k', 'other'])).toEqual(new Map([['k', 'old']]))
  })

  it('may use the cache during the estimate, before anything is decided', () => {
    const cache = createCache({
      adapter: memoryAdapter({ byteLimit: byteLimit(5_000), maxEntries: 3, values: 'shared' }),
    })
    const meddler = trap(() => {
      cache.clear()
      cache.set('k', 'mine')
      cache.set('m', 1)
      cache.set('n', 1)
    })
    cache.set('k', 'old')
    expect(cache.add('k', meddler)).toBe(false)
    expect(cache.get('k')).toBe('mine')
    cache.set('k', meddler)
    expect(cache.get('k')).toBe(meddler)
    cache.clear()
    // The first entry of an empty bucket, whose getter adds another.
    expect(cache.add('k', meddler)).toBe(false)
    expect(cache.get('k')).toBe('mine')
    cache.clear()
    for (let index = 0; index < 50; index += 1) cache.set(`x${index}`, index)
    expect(cache.getMany(Array.from({ length: 50 }, (_, index) => `x${index}`)).size).toBeLessThanOrEqual(3)
  })

  it('is too large if it never ends', () => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(5_000), values: 'shared' }) })
    const endless = (): object =>
      new Proxy(
        {},
        {
          ownKeys: () => ['next'],
          getOwnPropertyDescriptor: () => ({ value: endless(), enumerable: true, configurable: true }),
        },
      )
    expect(() => cache.set('k', endless())).toThrow(TOO_LARGE)
  })

  it('is read correctly by a cache whose clock changes the cache', () => {
    let onClock = (): void => {}
    const clock = () => {
      onClock()
      return 1_000
    }
    const cache = createCache({ adapter: memoryAdapter(), clock })
    cache.set('a', 'a', 60)
    cache.set('n', 1, 60)
    onClock = () => {
      onClock = () => {}
      cache.delete('a')
      cache.set('b', 'b', 60)
    }
    expect(cache.get('a')).toBeUndefined()
    onClock = () => {
      onClock = () => {}
      cache.delete('n')
      cache.set('c', 41, 60)
    }
    expect(() => cache.incr('n')).toThrow(expect.objectContaining({ code: 'KEY_NOT_FOUND' }))
    expect(cache.getMany(['b', 'c'])).toEqual(
      new Map<string, unknown>([
        ['b', 'b'],
        ['c', 41],
      ]),
    )
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import { createCache } from './create-cache.ts'
import type { CacheOptions } from './options.ts'

/** The console output at the end of a test. */
const told: unknown[][] = []

beforeEach(() => {
  told.length = 0
  vi.spyOn(console, 'error').mockImplementation((...args) => void told.push(args))
})

afterEach(() => void vi.restoreAllMocks())

const broken = new Error('broken callback')

/** The ways in which a callback can fail. An unhandled rejection would fail the run. */
const failures: readonly [string, () => never][] = [
  [
    'throws',
    () => {
      throw broken
    },
  ],
  ['rejects', () => Promise.reject(broken) as never],
]

/** The memory adapter without its sync methods. */
function distant(down = false): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  const fail = () => Promise.reject(new Error('no connection'))
  return { name, supports, read: down ? fail : read, commit, clear, close }
}

describe.each(failures)('an onWarning that %s', (_, onWarning) => {
  it.each([
    ['on an async adapter', distant],
    ['in memory', memoryAdapter],
  ])('changes no result, and is reported on the console, %s', async (_at, at) => {
    const cache = createCache({ adapter: at(), onWarning })
    await cache.aset('a b', 1)
    await cache.asetMany({ 'a b': 1, 'c d': 2 })
    expect(await cache.aget('a b')).toBe(1)
    expect(await cache.aincr('c d')).toBe(3)
    expect(await cache.agetOrSet('e f', () => 'loaded')).toBe('loaded')
    expect(await cache.agetMany(['a b', 'c d', 'e f'])).toEqual(
      new Map<string, unknown>([
        ['a b', 1],
        ['c d', 3],
        ['e f', 'loaded'],
      ]),
    )
    expect((await cache.alock('g h', { timeout: 5 }))?.key).toBe('g h')
    await Promise.resolve()
    expect(told).toEqual(Array(4).fill(['nearcache: onWarning failed', broken]))
  })
})

describe.each(failures)('an onError that %s', (_, onError) => {
  it('does not stop the failure from being thrown', async () => {
    const cache = createCache({ adapter: distant(true), onError })
    for (const call of [
      cache.aget('key'),
      cache.agetMany(['key']),
      cache.ahasKey('key'),
      cache.attl('key'),
      cache.agetOrSet('key', 1),
    ]) {
      await expect(call).rejects.toMatchObject({
        code: 'ADAPTER_FAILED',
        cause: { message: 'no connection' },
      })
    }
    expect(told).toEqual(Array(5).fill(['nearcache: onError failed', broken]))
  })

  it('does not stop it in memory either', () => {
    const readSync = () => {
      throw new Error('no access')
    }
    const cache = createCache({ adapter: { ...memoryAdapter(), readSync }, onError })
    expect(() => cache.getMany(['key'])).toThrow(expect.objectContaining({ code: 'ADAPTER_FAILED' }))
  })
})

describe('an onError that returns neither of the two words', () => {
  it.each([[undefined], [null], ['Miss'], [true], [Promise.resolve('miss')]])(
    'lets the failure through: %s',
    async (answer) => {
      const cache = createCache({ adapter: distant(true), onError: () => answer as never })
      await expect(cache.aget('key')).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
      expect(told).toEqual([])
    },
  )
})

describe('a key function that throws', () => {
  it('fails the call with its own error, before anything is done, and not as a miss', async () => {
    for (const adapter of [distant(), memoryAdapter()]) {
      const keyFunction = (key: string) => {
        if (key === 'broken') throw broken
        return key
      }
      const cache = createCache({ adapter, keyFunction, onError: () => 'miss' })
      const load = vi.fn(() => 'loaded')
      await cache.aset('key', 1)
      for (const call of [
        cache.aget('broken'),
        cache.agetMany(['key', 'broken']),
        cache.asetMany({ key: 2, broken: 2 }),
        cache.adeleteMany(['key', 'broken']),
        cache.agetOrSet('broken', load),
        cache.alock('broken', { timeout: 5, wait: 5 }),
        cache.aincrVersion('broken'),
      ]) {
        await expect(call).rejects.toBe(broken)
      }
      expect(load).not.toHaveBeenCalled()
      expect(await cache.aget('key')).toBe(1)
    }
  })

  it('ends neither the attempts to take a lock nor its release', async () => {
    for (const adapter of [distant(), memoryAdapter()]) {
      const keyFunction = vi.fn((key: string) => key)
      const holder = createCache({ adapter, keyFunction: (key) => key })
      const held = await holder.alock('lock', { timeout: 60 })
      let naps = 0
      const sleep = async () => {
        naps += 1
        if (naps > 100) throw new Error('this wait never ends')
        keyFunction.mockImplementation(() => {
          throw broken
        })
        if (naps === 3) await held?.release()
      }
      const waiting = createCache({ adapter, keyFunction, sleep })
      const lock = await waiting.alock('lock', { timeout: 60, wait: 60 })
      expect(await lock?.release()).toBe(true)
      expect(await holder.ahasKey('lock')).toBe(false)
    }
  })
})

describe('a clock', () => {
  const noTimes = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    undefined,
    null,
    '1800000000000',
    new Date(),
    5n,
    Promise.resolve(0),
    broken,
  ]

  it.each(noTimes)('that returns %s causes a TypeError, before anything is done', async (time) => {
    const clock = () => {
      if (time === broken) throw broken
      return time as number
    }
    for (const [at, adapter] of [
      ['distant', distant()],
      ['memory', memoryAdapter()],
    ] as const) {
      const running = createCache({ adapter, keyPrefix: 'app' })
      await running.asetMany({ key: 1, other: 2 }, 60)
      const onError = vi.fn(() => 'miss' as const)
      const stopped = createCache({ adapter, keyPrefix: 'app', clock, onError })
      const load = vi.fn(() => 'loaded')
      const calls: (() => unknown)[] = [
        () => stopped.aget('key'),
        () => stopped.agetMany(['key']),
        () => stopped.ahasKey('key'),
        () => stopped.attl('key'),
        () => stopped.aset('key', 'new'),
        () => stopped.aadd('absent', 'new'),
        () => stopped.agetOrSet('absent', load),
        () => stopped.atouch('key', 5),
        () => stopped.aincr('key'),
        () => stopped.adecr('key'),
        () => stopped.apop('key'),
        () => stopped.adelete('key'),
        () => stopped.adeleteMany(['key']),
        () => stopped.asetMany({ key: 'new' }),
        () => stopped.aincrVersion('key'),
        () => stopped.alock('absent', { timeout: 5 }),
      ]
      if (at === 'memory') {
        const sync = stopped as ReturnType<typeof inMemory>
        calls.push(
          () => sync.get('key'),
          () => sync.getOrSet('absent', load),
          () => sync.incr('key'),
          () => sync.set('key', 2),
        )
      }
      for (const call of calls) {
        const error: unknown = await Promise.resolve()
          .then(call)
          .catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(TypeError)
        expect((error as Error).message).toMatch(/^clock must return the time in epoch milliseconds/)
        if (time === broken) expect((error as Error).cause).toBe(broken)
      }
      expect(load).not.toHaveBeenCalled()
      expect(onError).not.toHaveBeenCalled()
      expect(await running.agetMany(['key', 'other', 'absent'])).toEqual(
        new Map([
          ['key', 1],
          ['other', 2],
        ]),
      )
    }
  })

  it('may return fractions, 0 and times before 1970', async () => {
    for (const now of [0, -5.5, 1_800_000_000_000.25]) {
      const cache = inMemory({ clock: () => now })
      await cache.aset('key', 1, 60)
      expect(await cache.aget('key')).toBe(1)
    }
  })
})

function inMemory(options: Omit<CacheOptions, 'adapter'>) {
  return createCache({ ...options, adapter: memoryAdapter() })
}

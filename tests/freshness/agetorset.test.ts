import { describe, expect, it, vi } from 'vitest'
import type { Adapter } from '../../src/core/adapter.ts'
import { createCache } from '../../src/core/create-cache.ts'
import type { LoadContext } from '../../src/core/loader.ts'
import type { CacheEvent } from '../../src/core/metrics.ts'
import type { CacheOptions, GetOrSetStatus } from '../../src/core/options.ts'
import { SharedStore } from './shared-store.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  let now = 1_000_000
  const store = new SharedStore()
  const events: CacheEvent[] = []
  const open = (extra: Partial<CacheOptions> = {}, adapter: Partial<Adapter> = {}) =>
    createCache({
      adapter: store.adapter(adapter),
      clock: () => now,
      onEvent: (event) => events.push(event),
      ...options,
      ...extra,
    })
  return { store, events, open, advance: (seconds: number) => (now += seconds * 1000) }
}

function deferred<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const begun = Promise.withResolvers<LoadContext>()
  let calls = 0
  const load = (context: LoadContext): Promise<T> => {
    calls += 1
    begun.resolve(context)
    return promise
  }
  return { load, resolve, reject, begun: begun.promise, calls: () => calls }
}

/** Lets everything that is ready run. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('staleWhileRevalidate', () => {
  it('returns the stale value at once, and loads a new one in the background, once', async () => {
    const { open, advance } = setUp()
    const cache = open()
    const options = { timeout: 10, staleWhileRevalidate: 60 }
    expect(await cache.agetOrSet('k', () => 'old', options)).toBe('old')
    advance(20)
    expect(await cache.aget('k')).toBeUndefined()
    expect(await cache.ahasKey('k')).toBe(false)
    const { load, resolve, calls, begun } = deferred<string>()
    const statuses = Array.from({ length: 100 }, (): GetOrSetStatus => ({}))
    const values = await Promise.all(
      statuses.map((status) => cache.agetOrSet('k', load, { ...options, status })),
    )
    expect(new Set(values)).toEqual(new Set(['old']))
    expect(statuses[0]).toMatchObject({ source: 'stale', age: 20, ttl: 0 })
    expect((await begun).stale).toEqual({ value: 'old', age: 20 })
    resolve('new')
    await settle()
    expect(calls()).toBe(1)
    expect(await cache.aget('k')).toBe('new')
  })

  it('is over when the window is over', async () => {
    const { open, advance } = setUp()
    const cache = open()
    const options = { timeout: 10, staleWhileRevalidate: 60 }
    await cache.agetOrSet('k', () => 'old', options)
    advance(70)
    expect(await cache.agetOrSet('k', () => 'new', options)).toBe('new')
  })

  it.each([
    ['null: for ever', null, 1e9, 'old'],
    ['0: not at all', 0, 20, 'new'],
    ['negative: not at all', -1, 20, 'new'],
  ])('%s', async (_, staleWhileRevalidate, seconds, expected) => {
    const { open, advance } = setUp()
    const cache = open()
    const options = { timeout: 10, staleWhileRevalidate }
    await cache.agetOrSet('k', () => 'old', options)
    advance(seconds)
    expect(await cache.agetOrSet('k', () => 'new', options)).toBe(expected)
  })

  it('changes nothing for a timeout of null, and stores nothing for a timeout of 0', async () => {
    const { open, advance, store } = setUp()
    const cache = open()
    await cache.agetOrSet('never', () => 1, { timeout: null, staleWhileRevalidate: 60 })
    await cache.agetOrSet('zero', () => 1, { timeout: 0, staleWhileRevalidate: 60 })
    advance(1e9)
    expect(await cache.aget('never')).toBe(1)
    expect([...store.entries.keys()]).toEqual([':1:never'])
  })

  it('survives a clock that is set back', async () => {
    const { open, advance } = setUp()
    const cache = open()
    await cache.aset('k', 'old', { timeout: 10, staleWhileRevalidate: 60 })
    advance(-1_000)
    const status: GetOrSetStatus = {}
    expect(await cache.agetOrSet('k', () => 'new', { status })).toBe('old')
    expect(status).toMatchObject({ source: 'hit', age: 0 })
  })

  it('tells onEvent of a refresh that failed, and onWarning if there is none', async () => {
    const { open, advance, events } = setUp()
    const options = { timeout: 10, staleWhileRevalidate: 60 }
    const error = new Error('no network')
    const cache = open()
    await cache.aset('k', 'old', options)
    advance(20)
    const failing = () => Promise.reject(error)
    expect(await cache.agetOrSet('k', failing, options)).toBe('old')
    await settle()
    expect(events).toContainEqual({
      kind: 'load-failed',
      method: 'agetOrSet',
      key: 'k',
      isRefresh: true,
      error,
    })
    const onWarning = vi.fn()
    const other = open({ onEvent: undefined, onWarning })
    expect(await other.agetOrSet('k', failing, options)).toBe('old')
    await settle()
    expect(onWarning).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'LOAD_FAILED', key: 'k', cause: error }),
    )
    // The claim has ended with the failure.
    expect(await other.agetOrSet('k', () => 'new', options)).toBe('old')
    await settle()
    expect(await other.aget('k')).toBe('new')
  })

  it('refreshes once across processes', async () => {
    const { open, advance } = setUp()
    const caches = Array.from({ length: 8 }, () => open())
    const options = { timeout: 10, staleWhileRevalidate: 60 }
    await caches[0]?.aset('k', 'old', options)
    advance(20)
    const { load, resolve, calls } = deferred<string>()
    const values = await Promise.all(caches.map((cache) => cache.agetOrSet('k', load, options)))
    expect(new Set(values)).toEqual(new Set(['old']))
    await settle()
    expect(calls()).toBe(1)
    resolve('new')
    await settle()
    expect(await caches[7]?.aget('k')).toBe('new')
  })

  it('keeps the request alive with waitUntil', async () => {
    const waitUntil = vi.fn()
    const { open, advance } = setUp({ waitUntil })
    const cache = open()
    await cache.aset('k', 'old', { timeout: 10, staleWhileRevalidate: 60 })
    advance(20)
    const { load, resolve } = deferred<string>()
    await cache.agetOrSet('k', load)
    expect(waitUntil).toHaveBeenCalledOnce()
    resolve('new')
    await waitUntil.mock.calls[0]?.[0]
    expect(await cache.aget('k')).toBe('new')
  })
})

describe('staleIfError', () => {
  const options = { timeout: 10, staleIfError: 60 }

  it('returns the old value if the loader fails, and throws after the window', async () => {
    const { open, advance } = setUp()
    const cache = open()
    await cache.aset('k', 'old', options)
    advance(20)
    const error = new Error('no network')
    const status: GetOrSetStatus = {}
    const failing = () => Promise.reject(error)
    expect(await cache.agetOrSet('k', failing, { ...options, status })).toBe('old')
    expect(status).toMatchObject({ source: 'stale-if-error', age: 20, ttl: 0, error })
    advance(50)
    await expect(cache.agetOrSet('k', failing, options)).rejects.toBe(error)
  })

  it('does not hide a value that cannot be stored', async () => {
    const { open, advance } = setUp()
    const cache = open()
    await cache.aset('k', 'old', options)
    advance(20)
    await expect(cache.agetOrSet('k', () => Symbol('s') as never, options)).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    })
    expect(await cache.agetOrSet('k', () => 'new', options)).toBe('new')
  })

  it('softTimeout returns the old value, and the load goes on', async () => {
    vi.useFakeTimers()
    try {
      const { open, advance } = setUp()
      const cache = open()
      await cache.aset('k', 'old', options)
      advance(20)
      const { load, resolve } = deferred<string>()
      const status: GetOrSetStatus = {}
      const asked = cache.agetOrSet('k', load, { ...options, softTimeout: 1, status })
      await vi.advanceTimersByTimeAsync(1_100)
      expect(await asked).toBe('old')
      expect(status).toMatchObject({ source: 'stale-if-error', error: undefined })
      resolve('new')
      await vi.advanceTimersByTimeAsync(1)
      expect(await cache.aget('k')).toBe('new')
    } finally {
      vi.useRealTimers()
    }
  })

  it('hardTimeout fails the load, aborts its signal, and ignores what comes later', async () => {
    vi.useFakeTimers()
    try {
      const { open } = setUp()
      const cache = open()
      const { load, resolve, begun } = deferred<string>()
      const asked = cache.agetOrSet('k', load, { hardTimeout: 1 })
      const failed = expect(asked).rejects.toMatchObject({ name: 'TimeoutError' })
      const { signal } = await begun
      await vi.advanceTimersByTimeAsync(1_100)
      await failed
      expect(signal.aborted).toBe(true)
      resolve('late')
      await vi.advanceTimersByTimeAsync(1)
      expect(await cache.aget('k')).toBeUndefined()
      expect(await cache.agetOrSet('k', () => 'next')).toBe('next')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the loader', () => {
  it('sets the options of what it has loaded', async () => {
    const { open, advance } = setUp()
    const cache = open()
    const load = async ({ setOptions }: LoadContext) => {
      setOptions({ timeout: 5, tags: ['a'], staleWhileRevalidate: 30 })
      return 'v'
    }
    await cache.agetOrSet('k', load, { timeout: 100 })
    expect(await cache.aentry('k')).toEqual({ value: 'v', age: 0, ttl: 5, isStale: false, tags: ['a'] })
    advance(10)
    expect(await cache.aentry('k')).toEqual({ value: 'v', age: 10, ttl: 0, isStale: true, tags: ['a'] })
    advance(30)
    expect(await cache.aentry('k')).toBeUndefined()
  })

  it('declines to store, and gives its value', async () => {
    const { open, store } = setUp()
    const cache = open()
    const load = ({ skip }: LoadContext) => {
      skip()
      return 'v'
    }
    expect(await cache.agetOrSet('k', load)).toBe('v')
    expect(store.entries.size).toBe(0)
  })

  it('gets an error for options that do not exist', async () => {
    const { open } = setUp()
    const load = ({ setOptions }: LoadContext) => setOptions({ tiemout: 5 } as never)
    await expect(open().agetOrSet('k', load)).rejects.toThrow('setOptions has no option "tiemout"')
  })
})

describe('earlyRefresh', () => {
  it('reloads at random shortly before the timeout, the sooner the longer a load takes', async () => {
    const { open, advance, events } = setUp()
    // -ln(1 - 0.9) = 2.3 times the duration of the load.
    const cache = open({ random: () => 0.9 })
    const options = { timeout: 100, earlyRefresh: true }
    const slow = async () => {
      advance(10)
      return 'old'
    }
    await cache.agetOrSet('k', slow, options)
    advance(76)
    expect(await cache.agetOrSet('k', () => 'new', options)).toBe('old')
    await settle()
    expect(await cache.aget('k')).toBe('old')
    advance(2)
    expect(await cache.agetOrSet('k', () => 'new', options)).toBe('old')
    await settle()
    expect(await cache.aget('k')).toBe('new')
    expect(events.filter(({ kind }) => kind === 'loaded')).toHaveLength(2)
  })

  it('does not reload what another process has reloaded', async () => {
    const { open, advance, store } = setUp({ random: () => 0.999 })
    const [one, other] = [open(), open()]
    const options = { timeout: 100, earlyRefresh: true }
    await one.agetOrSet(
      'k',
      () => {
        advance(10)
        return 'old'
      },
      options,
    )
    advance(95)
    const before = store.entries.get(':1:k')
    await one.agetOrSet(
      'k',
      () => {
        advance(1)
        return 'new'
      },
      options,
    )
    await settle()
    // A reader that still sees the old entry, as near reads at the edge may.
    const late = open({}, { read: async () => [before] })
    expect(await late.agetOrSet('k', () => 'newer', options)).toBe('old')
    await settle()
    expect(await other.aget('k')).toBe('new')
  })
})

describe('jitter', () => {
  it('makes timeouts shorter by a random part, each of asetMany by its own', async () => {
    const randoms = [0, 0.5, 1 - 2 ** -53]
    let index = 0
    const { open } = setUp({ random: () => randoms[index++ % 3] as number })
    const cache = open()
    await cache.asetMany({ a: 1, b: 2, c: 3 }, { timeout: 100, jitter: 0.2 })
    const left = await Promise.all(['a', 'b', 'c'].map((key) => cache.attl(key)))
    expect(new Set(left.map((seconds) => Math.round(seconds ?? 0)))).toEqual(new Set([100, 90, 80]))
  })
})

describe('one load at a time', () => {
  it('runs one loader for 1,000 callers in each of four processes', async () => {
    const { open } = setUp()
    const caches = Array.from({ length: 4 }, () => open())
    const { load, resolve, calls, begun } = deferred<{ n: number }>()
    const all = caches.flatMap((cache) => Array.from({ length: 1_000 }, () => cache.agetOrSet('k', load)))
    await begun
    await settle()
    resolve({ n: 1 })
    const values = await Promise.all(all)
    expect(calls()).toBe(1)
    expect(new Set(values).size).toBe(4_000)
    expect(values.every(({ n }) => n === 1)).toBe(true)
  })

  it('lets the next process load if the first one fails', async () => {
    const { open } = setUp()
    const [one, other] = [open(), open()]
    const first = deferred<string>()
    const failed = one.agetOrSet('k', first.load)
    await first.begun
    const asked = other.agetOrSet('k', () => 'second')
    await settle()
    first.reject(new Error('no network'))
    await expect(failed).rejects.toThrow('no network')
    expect(await asked).toBe('second')
  })

  it('lets a caller leave without stopping the load', async () => {
    const { open } = setUp()
    const cache = open()
    const { load, resolve, begun } = deferred<string>()
    const controller = new AbortController()
    const leaving = cache.agetOrSet('k', load, { signal: controller.signal })
    const staying = cache.agetOrSet('k', load)
    await begun
    controller.abort(new Error('left'))
    await expect(leaving).rejects.toThrow('left')
    resolve('v')
    expect(await staying).toBe('v')
  })

  it('leaves no claim behind, whatever happens', async () => {
    const { open, store } = setUp()
    const cache = open()
    await cache.agetOrSet('undefined', () => undefined)
    await cache.agetOrSet('refused', () => Promise.reject(new Error('x'))).catch(() => {})
    await cache.agetOrSet('invalid', () => Symbol('s') as never).catch(() => {})
    await cache.agetOrSet('skipped', ({ skip }) => {
      skip()
      return 1
    })
    await Promise.all([1, 2, 3].map(() => cache.agetOrSet('shared', () => undefined)))
    await settle()
    expect([...store.entries]).toEqual([])
  })
})

describe('a load and a change that comes while it runs', () => {
  const changes = {
    aset: (cache: ReturnType<ReturnType<typeof setUp>['open']>) => cache.aset('k', 'theirs'),
    adelete: (cache) => cache.adelete('k'),
    adeleteMany: (cache) => cache.adeleteMany(['k']),
    aclear: (cache) => cache.aclear(),
    aincrVersion: async (cache) => {
      await cache.aset('k', 'theirs')
      await cache.aincrVersion('k')
    },
    adeleteTags: (cache) => cache.adeleteTags('a'),
    aexpireTags: (cache) => cache.aexpireTags('a'),
    aexpire: (cache) => cache.aexpire('k'),
  } satisfies Record<string, (cache: ReturnType<ReturnType<typeof setUp>['open']>) => Promise<unknown>>

  for (const [name, change] of Object.entries(changes)) {
    it.each(['this', 'another'])(`${name} in %s process wins`, async (where) => {
      const { open, store } = setUp()
      const cache = open()
      const other = where === 'this' ? cache : open()
      for (const tags of [['a'], undefined]) {
        await cache.aclear()
        const { load, resolve, begun } = deferred<string>()
        // The tags may be known before, or only to the loader.
        const tagging = (context: LoadContext) => {
          if (tags === undefined) context.setOptions({ tags: ['a'] })
          return load(context)
        }
        const asked = cache.agetOrSet('k', tagging, { tags })
        await begun
        await change(other)
        resolve('loaded')
        expect(await asked).toBe(name === 'aset' ? 'theirs' : 'loaded')
        await settle()
        expect(await cache.aget('k')).toBe(name === 'aset' ? 'theirs' : undefined)
        store.sweep(Number.POSITIVE_INFINITY)
      }
    })
  }

  it('an invalidation of other tags does not stop it', async () => {
    const { open } = setUp()
    const [cache, other] = [open(), open()]
    const { load, resolve, begun } = deferred<string>()
    const asked = cache.agetOrSet('k', load, { tags: ['a'] })
    await begun
    await other.adeleteTags('b')
    await cache.adeleteTags('c')
    resolve('loaded')
    expect(await asked).toBe('loaded')
    expect(await cache.aget('k')).toBe('loaded')
  })

  it('a caller who comes after an invalidation does not get the earlier load', async () => {
    const { open } = setUp()
    const cache = open()
    const first = deferred<string>()
    const asked = cache.agetOrSet('k', first.load, { tags: ['a'] })
    await first.begun
    await cache.adeleteTags('a')
    const later = cache.agetOrSet('k', () => 'new', { tags: ['a'] })
    await settle()
    first.resolve('old')
    expect(await asked).toBe('old')
    expect(await later).toBe('new')
    expect(await cache.aget('k')).toBe('new')
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import type { AsyncCache } from './cache.ts'
import { createCache } from './create-cache.ts'
import type { CacheError } from './errors.ts'
import type { CacheOptions } from './options.ts'

const never = (): Promise<never> => new Promise(() => {})

/** Memory with asynchronous answers. It never answers the methods in `silent`. */
function distant(silent: readonly ('read' | 'commit' | 'clear' | 'close')[]): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  const adapter: Adapter = { name, supports, read, commit, clear, close }
  for (const method of silent) adapter[method] = never
  return adapter
}

const ALL = ['read', 'commit', 'clear', 'close'] as const

const reads: readonly (readonly [string, (cache: AsyncCache) => Promise<unknown>, unknown])[] = [
  ['aget', (cache) => cache.aget('key', { default: 'mine' }), 'mine'],
  ['agetMany', (cache) => cache.agetMany(['a', 'b']), new Map()],
  ['ahasKey', (cache) => cache.ahasKey('key'), false],
  ['attl', (cache) => cache.attl('key'), undefined],
]

const writes: readonly (readonly [string, (cache: AsyncCache) => Promise<unknown>])[] = [
  ['aset', (cache) => cache.aset('key', 1)],
  ['aadd', (cache) => cache.aadd('key', 1)],
  ['atouch', (cache) => cache.atouch('key')],
  ['adelete', (cache) => cache.adelete('key')],
  ['aincr', (cache) => cache.aincr('key')],
  ['adecr', (cache) => cache.adecr('key', 1, { initial: 0 })],
  ['apop', (cache) => cache.apop('key')],
  ['alock', (cache) => cache.alock('key', { timeout: 5, wait: 100 })],
  ['asetMany', (cache) => cache.asetMany({ a: 1, b: 2 })],
  ['adeleteMany', (cache) => cache.adeleteMany(['a', 'b'])],
  ['aincrVersion', (cache) => cache.aincrVersion('key')],
  ['adecrVersion', (cache) => cache.adecrVersion('key')],
  ['aclear', (cache) => cache.aclear()],
  ['aclose', (cache) => cache.aclose()],
]

describe('operationTimeout, where the adapter never answers', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => vi.useRealTimers())

  /** The result of a call, and how many milliseconds it waited. */
  async function outcomeOf(call: Promise<unknown>, limit: number) {
    const settled = vi.fn()
    call.then(
      (value) => settled({ value, after: waited }),
      (error: unknown) => settled({ error, after: waited }),
    )
    let waited = 0
    for (; waited < limit; waited += 250) await vi.advanceTimersByTimeAsync(250)
    return settled.mock.calls[0]?.[0]
  }

  it.each(reads)('fails %s after 30 s, or turns it into a miss', async (_, call, miss) => {
    const error = {
      code: 'ADAPTER_FAILED',
      message: expect.stringMatching(/^\w+ failed in the .* adapter: no answer within 30 s$/),
      cause: { name: 'TimeoutError' },
    }
    const strict = createCache({ adapter: distant(ALL) })
    expect(await outcomeOf(call(strict), 31_000)).toMatchObject({ error, after: 29_750 })
    const heard: CacheError[] = []
    const onError = (fault: CacheError) => {
      heard.push(fault)
      return 'miss' as const
    }
    const lenient = createCache({ adapter: distant(ALL), onError, operationTimeout: 2 })
    expect(await outcomeOf(call(lenient), 3_000)).toEqual({ value: miss, after: 1_750 })
    expect(heard).toMatchObject([{ code: 'ADAPTER_FAILED', message: expect.stringContaining('within 2 s') }])
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each(writes)('fails %s after 30 s, and says that it may still happen', async (_, call) => {
    const cache = createCache({ adapter: distant(ALL), onError: () => 'miss' })
    expect(await outcomeOf(call(cache), 31_000)).toMatchObject({
      error: {
        code: 'ADAPTER_FAILED',
        message: expect.stringMatching(/no answer within 30 s; it may still happen$/),
      },
      after: 29_750,
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('limits the store calls of agetOrSet, not its loader', async () => {
    const silentRead = createCache({ adapter: distant(['read']) })
    const load = vi.fn(async () => 'loaded')
    const read = await outcomeOf(silentRead.agetOrSet('key', load), 31_000)
    expect(read).toMatchObject({ error: { code: 'ADAPTER_FAILED' }, after: 29_750 })
    expect(load).not.toHaveBeenCalled()

    const slow = () => new Promise((resolve) => setTimeout(() => resolve('loaded'), 100_000))
    const healthy = createCache({ adapter: distant([]) })
    expect(await outcomeOf(healthy.agetOrSet('key', slow), 101_000)).toMatchObject({ value: 'loaded' })

    const silentCommit = createCache({ adapter: distant(['commit']) })
    expect(await outcomeOf(silentCommit.agetOrSet('key', slow), 131_000)).toMatchObject({
      error: { code: 'ADAPTER_FAILED', message: expect.stringContaining('may still happen') },
    })
    const lenient = createCache({ adapter: distant(['read', 'commit']), onError: () => 'miss' })
    expect(await outcomeOf(lenient.agetOrSet('key', load), 61_000)).toEqual({
      value: 'loaded',
      after: 29_750,
    })
  })

  it('releases a lock for as long as it takes an answer', async () => {
    const adapter = distant([])
    const lock = await createCache({ adapter, operationTimeout: 1 }).alock('key', { timeout: 60 })
    adapter.commit = never
    const outcome = await outcomeOf(lock?.release() ?? Promise.resolve(), 2_000)
    expect(outcome).toMatchObject({ error: { code: 'ADAPTER_FAILED' }, after: 750 })
  })

  it.each([null, Number.POSITIVE_INFINITY])('waits forever with %s', async (operationTimeout) => {
    const cache = createCache({ adapter: distant(ALL), operationTimeout })
    expect(await outcomeOf(cache.aget('key'), 1_000_000)).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('uses an answer in time, and ignores a late one', async () => {
    const adapter = distant([])
    const { promise, resolve, reject } = Promise.withResolvers<[]>()
    adapter.commit = () => promise
    const cache = createCache({ adapter, operationTimeout: 1 })
    const first = cache.adelete('key')
    const outcome = await outcomeOf(first, 2_000)
    expect(outcome).toMatchObject({ error: { code: 'ADAPTER_FAILED' } })
    // An unhandled rejection would fail the run.
    reject(new Error('too late'))
    resolve([])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await cache.aget('key')).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sets no timer for a sync adapter', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout')
    const cache = createCache({ adapter: memoryAdapter() })
    await cache.aset('key', 1)
    await cache.agetOrSet('other', async () => 1)
    await cache.alock('lock', { timeout: 5 })
    await cache.aclear()
    await cache.aclose()
    expect(timer).not.toHaveBeenCalled()
    await createCache({ adapter: distant([]) }).aget('key')
    expect(timer).toHaveBeenCalled()
  })

  it('passes on the adapter’s error if no timer can be set, as at module scope in workerd', async () => {
    vi.stubGlobal('setTimeout', () => {
      throw new Error('Disallowed operation called within global scope: setTimeout')
    })
    try {
      const adapter = distant([])
      const working = createCache({ adapter })
      await working.aset('key', 1)
      expect(await working.aget('key')).toBe(1)
      adapter.read = () => Promise.reject(new Error('Disallowed operation called within global scope: fetch'))
      await expect(working.aget('key')).rejects.toMatchObject({
        code: 'ADAPTER_FAILED',
        message: expect.stringContaining('global scope: fetch'),
      })
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it.each([0, -1, Number.NaN])('refuses %o', (operationTimeout) => {
    const options: CacheOptions = { adapter: memoryAdapter(), operationTimeout }
    expect(() => createCache(options)).toThrow(RangeError)
    expect(() => createCache(options)).toThrow(/more than 0 seconds for operationTimeout/)
  })

  it.each(['5', true, {}])('refuses %o, which is not a number', (operationTimeout) => {
    const options: CacheOptions = { adapter: memoryAdapter(), operationTimeout: operationTimeout as never }
    expect(() => createCache(options)).toThrow(TypeError)
    expect(() => createCache(options)).toThrow(/seconds or null for operationTimeout/)
  })
})

import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { type CacheShardNamespace, type KVAdapterOptions, kvAdapter, kvOnlyAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import type { CacheKVNamespace } from './namespace.ts'

const never = (): Promise<never> => new Promise(() => {})

/** The real namespace, whose near reads do what `read` does. */
function kvThat(read: () => Promise<never>, get = env.CACHE_KV.get.bind(env.CACHE_KV)): CacheKVNamespace {
  const { CACHE_KV: kv } = env
  return standForIsolate<CacheKVNamespace>({
    getWithMetadata: read as CacheKVNamespace['getWithMetadata'],
    get: get as CacheKVNamespace['get'],
    put: kv.put.bind(kv) as CacheKVNamespace['put'],
    delete: kv.delete.bind(kv),
  })
}

const silent: CacheShardNamespace = {
  idFromName: (name) => env.CACHE_SHARDS.idFromName(name),
  getByName: () => ({
    read: never,
    commit: never,
    clear: never,
    reserve: never,
    claim: never,
    renew: never,
    deleteTags: never,
    listKeys: never,
  }),
}

function open(options: Partial<KVAdapterOptions>, onError?: () => 'miss'): AsyncCache {
  const adapter = kvAdapter({ shards: env.CACHE_SHARDS, name: crypto.randomUUID(), ...options })
  return createCache({ adapter, ...(onError === undefined ? {} : { onError }) })
}

describe('onFault', () => {
  const down = () => Promise.reject(new Error('KV GET failed: 503 Service Unavailable'))

  it.each([
    [
      'throws',
      () => {
        throw new Error('Nobody listens')
      },
    ],
    ['rejects', () => Promise.reject(new Error('Nobody listens'))],
  ])('changes no answer where it %s', async (_, onFault) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const cache = open({ kv: kvThat(down), onFault })
    await open({}).aset('unrelated', 1)
    await cache.aset('key', 'value')
    expect(await open({ kv: kvThat(down), onFault }).aget('key')).toBeUndefined()
    expect(await open({ kv: kvThat(down), onFault }).agetMany(['a', 'b'])).toEqual(new Map())
    await vi.waitFor(() =>
      expect(log).toHaveBeenCalledWith('nearcache: onFault failed', new Error('Nobody listens')),
    )
    log.mockRestore()
  })

  it.each([5, 'warn', {}, null])('is a function: not %o', (onFault) => {
    expect(() => kvAdapter({ shards: env.CACHE_SHARDS, onFault: onFault as never })).toThrow(
      /^onFault must be/,
    )
  })

  it('is a warning of each kind of fault once, by default', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const kinds = ['KV GET failed: 401', 'KV GET failed: 418 Teapot', 'internal error; reference = abc1']
    for (const text of [...kinds, ...kinds, 'internal error; reference = xyz2']) {
      const cache = open({ kv: kvThat(() => Promise.reject(new Error(text))) })
      for (const key of ['a', 'b']) expect(await cache.aget(key)).toBeUndefined()
    }
    expect(warn.mock.calls.map(([, fault]) => String(fault))).toEqual(kinds.map((text) => `Error: ${text}`))
    warn.mockRestore()
  })
})

describe('what never answers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** The outcome of a call, and after how many seconds of waiting. */
  async function outcomeOf(
    call: Promise<unknown>,
  ): Promise<{ value?: unknown; error?: unknown; seconds: number }> {
    let outcome: object | undefined
    let waited = 0
    call.then(
      (value) => {
        outcome = { value }
      },
      (error: unknown) => {
        outcome = { error }
      },
    )
    for (; outcome === undefined && waited < 120_000; waited += 250) {
      // Real calls of the owner have their own time.
      await scheduler.wait(5)
      if (outcome === undefined) await vi.advanceTimersByTimeAsync(250)
    }
    return { ...outcome, seconds: waited / 1000 }
  }

  it.each<[string, (cache: AsyncCache) => Promise<unknown>, unknown]>([
    ['aget', (cache) => cache.aget('key', { default: 'mine' }), 'mine'],
    ['aget, fresh', (cache) => cache.aget('key', { fresh: true }), undefined],
    ['agetMany', (cache) => cache.agetMany(['key', 'other']), new Map()],
    ['ahasKey', (cache) => cache.ahasKey('key'), false],
  ])('an owner: %s fails, or misses if onError says so', async (_, call, missed) => {
    for (const bindings of [{}, { kv: env.CACHE_KV }]) {
      const { error, seconds } = await outcomeOf(call(open({ ...bindings, shards: silent })))
      expect(error).toMatchObject({
        code: 'ADAPTER_FAILED',
        message: expect.stringContaining('no answer within 30 s'),
      })
      expect(seconds).toBeGreaterThanOrEqual(30)
      const missing = open({ ...bindings, shards: silent }, () => 'miss')
      expect(await outcomeOf(call(missing))).toMatchObject({ value: missed })
    }
  })

  it.each<[string, (cache: AsyncCache) => Promise<unknown>]>([
    ['aset', (cache) => cache.aset('key', 1)],
    ['aset of a large value', (cache) => cache.aset('key', 'x'.repeat(200_000), null)],
    ['asetMany', (cache) => cache.asetMany({ one: 1, two: 2 })],
    ['aincr', (cache) => cache.aincr('key', 1, { initial: 0 })],
    ['adelete', (cache) => cache.adelete('key')],
    ['aclear', (cache) => cache.aclear()],
  ])('an owner: %s says that it may still happen', async (_, call) => {
    const { error } = await outcomeOf(call(open({ kv: env.CACHE_KV, shards: silent })))
    expect(error).toMatchObject({
      code: 'ADAPTER_FAILED',
      message: expect.stringContaining('may still happen'),
    })
  })

  it('KV alone: reads and writes fail', async () => {
    const { put, ...kv } = kvThat(never)
    void put
    const adapter = kvOnlyAdapter({ kv: { ...kv, put: never, delete: never } })
    const cache = createCache({ adapter })
    expect(await outcomeOf(cache.aget('key'))).toMatchObject({ error: { code: 'ADAPTER_FAILED' } })
    expect(await outcomeOf(cache.aset('key', 1))).toMatchObject({
      error: { message: expect.stringContaining('may still happen') },
    })
  })

  it('KV near: the owner answers instead, soon, and without waiting the next time', async () => {
    const faults: unknown[] = []
    const name = crypto.randomUUID()
    await open({ name }).aset('key', 'value')
    const cache = open({ name, kv: kvThat(never), onFault: (fault) => faults.push(fault) })
    /** Until KV is given up; then it takes what the owner takes. */
    const waitForFault = async (count: number) => {
      for (let waited = 0; faults.length < count; waited += 250) {
        expect(waited).toBeLessThan(10_000)
        await vi.advanceTimersByTimeAsync(250)
      }
    }
    const first = cache.aget('key')
    await waitForFault(1)
    expect(await first).toBe('value')
    expect(faults).toMatchObject([{ name: 'TimeoutError', message: 'KV did not answer within 2 s' }])
    expect(await cache.aget('key')).toBe('value')
    const many = cache.agetMany(['key', 'other'])
    await waitForFault(2)
    expect(await many).toEqual(new Map([['key', 'value']]))
    expect(await cache.agetMany(['key', 'other'])).toEqual(new Map([['key', 'value']]))
    expect(faults).toHaveLength(2)
  })

  it('KV, asked for a large value: the read fails', async () => {
    const name = crypto.randomUUID()
    await open({ name, kv: env.CACHE_KV }).aset('key', 'x'.repeat(200_000), 3600)
    const cache = open({ name, kv: kvThat(never, never as never), reads: 'owner' })
    expect(await outcomeOf(cache.aget('key'))).toMatchObject({ error: { code: 'ADAPTER_FAILED' } })
  })
})

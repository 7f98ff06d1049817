import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { countOperations, kvAdapter, kvOnlyAdapter } from './index.ts'
import type { CacheKVNamespace } from './namespace.ts'

function open(change: Partial<CacheKVNamespace> = {}) {
  const name = crypto.randomUUID()
  const { CACHE_KV: kv } = env
  const namespace: CacheKVNamespace = {
    getWithMetadata: kv.getWithMetadata.bind(kv) as CacheKVNamespace['getWithMetadata'],
    get: kv.get.bind(kv) as CacheKVNamespace['get'],
    put: kv.put.bind(kv) as CacheKVNamespace['put'],
    delete: kv.delete.bind(kv),
    ...change,
  }
  const meter = countOperations()
  const adapter = kvOnlyAdapter({ kv: meter.kv(namespace), name })
  let now = Date.now()
  return {
    adapter,
    meter,
    cache: createCache({ adapter, keyPrefix: 'app', clock: () => now }),
    stored: (key: string) => kv.getWithMetadata(`${name}/v1/kv/${key}`, 'text'),
    pass: (seconds: number) => {
      now += seconds * 1000
    },
  }
}

describe('KV alone', () => {
  it('reads, sets and deletes', async () => {
    const { meter, cache, stored } = open()
    await cache.aset('user', { name: 'Ada' })
    expect(
      await cache.asetMany({ n: 5, bytes: new Uint8Array([0, 200]), when: new Date(5), no: null }),
    ).toEqual([])
    expect(await cache.aget('user')).toEqual({ name: 'Ada' })
    expect(await stored('app:1:user')).toMatchObject({ value: '{"name":"Ada"}' })
    expect(await cache.agetMany(['no', 'n', 'bytes', 'when', 'none'])).toStrictEqual(
      new Map<string, unknown>([
        ['no', null],
        ['n', 5],
        ['bytes', new Uint8Array([0, 200])],
        ['when', new Date(5)],
      ]),
    )
    expect(await cache.attl('n')).toBe(300)
    expect(await cache.adelete('user')).toBe(true)
    expect(await cache.adelete('user')).toBe(false)
    await cache.adeleteMany(['n', 'none'])
    expect(await cache.ahasKey('n')).toBe(false)
    expect(meter.costs()).toMatchObject({ kvWrites: 5, ownerCalls: 0 })
  })

  it('takes the old value away by a set that stores nothing', async () => {
    const { cache } = open()
    await cache.asetMany({ one: 'old', two: 'old', other: 'old' })
    await cache.aset('one', 'new', 0)
    await cache.asetMany({ two: 'new' }, -1)
    await Promise.all([cache.aset('other', 'dead', 0), cache.aset('other', 'live')])
    expect(await cache.agetMany(['one', 'two', 'other'])).toEqual(new Map([['other', 'live']]))
  })

  it('keeps deadlines to the millisecond, also those that KV cannot', async () => {
    const { cache, pass } = open()
    await cache.aset('short', 'x', 1.5)
    await cache.aset('never', 'x', null)
    await cache.aset('dead', 'x', 0)
    expect((await cache.agetMany(['short', 'never', 'dead'])).size).toBe(2)
    pass(1.499)
    expect(await cache.ahasKey('short')).toBe(true)
    pass(0.001)
    expect(await cache.ahasKey('short')).toBe(false)
    expect(await cache.ahasKey('never')).toBe(true)
  })

  it('takes short deadlines of those whose clocks are behind', async () => {
    const { cache, pass } = open()
    pass(-30)
    await cache.aset('short', 'x', 5)
    expect(await cache.attl('short')).toBe(5)
  })

  it('takes deadlines further ahead than KV can say', async () => {
    const { cache } = open()
    await cache.aset('far', 'x', 1_000_000_000)
    expect(await cache.attl('far')).toBe(1_000_000_000)
  })

  it('writes what one turn leaves of a key once', async () => {
    const { meter, cache } = open()
    await Promise.all([
      cache.aset('key', 1),
      cache.aset('key', 2),
      cache.adelete('key'),
      cache.aset('key', 3),
    ])
    expect(await cache.aget('key')).toBe(3)
    expect(meter.costs()).toMatchObject({ kvWrites: 1, kvDeletes: 0 })
  })

  it.each([
    ['aadd', (cache) => cache.aadd('key', 1)],
    ['atouch', (cache) => cache.atouch('key', 60)],
    ['aincr', (cache) => cache.aincr('key')],
    ['apop', (cache) => cache.apop('key')],
    ['alock', (cache) => cache.alock('key', { timeout: 5 })],
    ['agetOrSet', (cache) => cache.agetOrSet('other', () => 1)],
    ['aincrVersion', (cache) => cache.aincrVersion('key')],
    ['aclear', (cache) => cache.aclear()],
  ] as readonly [string, (cache: ReturnType<typeof open>['cache']) => Promise<unknown>][])(
    'refuses %s, says what is missing, and stores nothing',
    async (_, call) => {
      const { cache } = open()
      await cache.aset('key', 'old')
      await expect(call(cache)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('shards: env.CACHE_SHARDS'),
      })
      expect(await cache.aget('key')).toBe('old')
    },
  )

  it('fails whose write KV refused, and nobody else', async () => {
    const { CACHE_KV: kv } = env
    const { cache } = open({
      put: (key, value, options) =>
        key.endsWith('hot')
          ? Promise.reject(new Error('KV PUT failed: 429 Too Many Requests'))
          : kv.put(key, value, options as KVNamespacePutOptions),
    })
    const results = await Promise.allSettled([cache.aset('hot', 1), cache.aset('other', 1)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(results[0]).toMatchObject({ reason: { code: 'ADAPTER_FAILED', cause: { message: /429/ } } })
    expect(await cache.aget('other')).toBe(1)
  })

  it('takes no value that KV cannot, and keeps none that it was to replace', async () => {
    const { cache } = open()
    await cache.aset('page', 'old')
    await expect(cache.aset('page', new Uint8Array(20 * 2 ** 20))).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
    })
    expect(await cache.ahasKey('page')).toBe(false)
    await expect(cache.aset('k'.repeat(500), 1)).rejects.toMatchObject({ code: 'INVALID_KEY' })
  })

  it('reads values that are too large together for one answer of KV', async () => {
    const { cache } = open()
    const bytes = (fill: number) => new Uint8Array(8 * 2 ** 20).fill(fill)
    await cache.asetMany({ a: bytes(1), b: bytes(2), c: bytes(3), d: 'small' })
    const found = await cache.agetMany<Uint8Array>(['a', 'b', 'c', 'd'])
    expect([...found.values()].map((value) => [value.length, value[0]])).toEqual([
      [8 * 2 ** 20, 1],
      [8 * 2 ** 20, 2],
      [8 * 2 ** 20, 3],
      [5, 's'],
    ])
  })

  it('says what it cannot promise', () => {
    expect(open().adapter.supports).toMatchObject({ atomic: false, readYourWrites: false, staleness: 60 })
  })
})

describe('kvAdapter', () => {
  const { CACHE_KV: kv, CACHE_SHARDS: shards } = env

  it.each([
    [{}, 'shards must be the Durable Object binding of CacheShard'],
    [{ kv }, 'use kvOnlyAdapter: got undefined'],
    [{ kv: {}, shards }, 'kv must be'],
    [{ shards: {} }, 'shards must be'],
    [{ kv, shards: undefined }, '{ shards: env.CACHE_SHARDS }'],
    [{ kv: undefined, shards }, 'CACHE_KV }: got undefined'],
    [{ shards, reads: 'near' }, "reads: 'near' needs a KV namespace"],
    [{ kv, shards, reads: 'far' }, "kvAdapter takes 'near' or 'owner' for reads"],
    [{ kv, shards, cacheTtl: 29 }, 'cacheTtl must be an integer from 30'],
    [{ kv, shards, cacheTtl: '60' }, 'cacheTtl must be an integer from 30'],
    [{ kv, shards, cacheTtl: Number.POSITIVE_INFINITY }, 'cacheTtl must be an integer from 30'],
    [{ kv, shards, name: 'é'.repeat(67) }, 'name must have at most 400 bytes: got 402'],
    [{ kv, shards, shardCount: 33 }, 'shardCount must be an integer from 1 to 32'],
    [{ kv, shard: shards }, 'has no option "shard"'],
  ])('refuses %o', (options, message) => {
    expect(() => kvAdapter(options as never)).toThrow(message)
  })
})

describe('kvOnlyAdapter', () => {
  const { CACHE_KV: kv, CACHE_SHARDS: shards } = env

  it.each([
    [{}, 'CACHE_KV }: got undefined'],
    [{ kv: {} }, 'kv must be'],
    [{ kv, cacheTtl: 29 }, 'cacheTtl must be an integer from 30'],
    [{ kv, name: 'é'.repeat(67) }, 'name must have at most 400 bytes: got 402'],
    [{ kv, shards }, 'has no option "shards"'],
  ])('refuses %o', (options, message) => {
    expect(() => kvOnlyAdapter(options as never)).toThrow(message)
  })
})

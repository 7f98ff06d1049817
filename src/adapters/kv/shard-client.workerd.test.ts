import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { isCacheError } from '../../core/errors.ts'
import { type CacheShardNamespace, kvAdapter } from './index.ts'
import { shardOf } from './sharding.ts'

/** The real binding, with a note of each call and of the object it went to. */
function watched(isDown: (name: string) => boolean = () => false) {
  const calls: string[] = []
  const shards: CacheShardNamespace = {
    idFromName: (name) => env.CACHE_SHARDS.idFromName(name),
    getByName(name) {
      const stub = env.CACHE_SHARDS.getByName(name)
      const call = <Answer>(method: string, ask: () => Promise<Answer>): Promise<Answer> => {
        calls.push(method)
        return isDown(name) ? Promise.reject(new Error('overloaded')) : ask()
      }
      return {
        read: (request) => call('read', () => stub.read(request) as never),
        commit: (request) => call('commit', () => stub.commit(request) as never),
        clear: (request) => call('clear', () => stub.clear(request) as never),
        reserve: (request) => call('reserve', () => stub.reserve(request) as never),
        claim: (request) => call('claim', () => stub.claim(request) as never),
        renew: (request) => call('renew', () => stub.renew(request) as never),
        deleteTags: (request) => call('deleteTags', () => stub.deleteTags(request) as never),
        listKeys: (request) => call('listKeys', () => stub.listKeys(request) as never),
      }
    },
  }
  return { calls, shards }
}

const name = (): string => crypto.randomUUID()

describe('calls to the owners', () => {
  it('say which compatibility date they need, and that nothing was done, where stubs have no methods', async () => {
    const shards = { getByName: () => ({}), idFromName: () => 'id' } as unknown as CacheShardNamespace
    const cache = createCache({ adapter: kvAdapter({ shards }) })
    for (const call of [cache.aget('key'), cache.aset('key', 1), cache.aincr('key')]) {
      await expect(call).rejects.toThrow(
        'failed in the kv adapter: Durable Objects take no calls before compatibility',
      )
    }
  })

  it('are one for 100 counts of one turn', async () => {
    const { calls, shards } = watched()
    const cache = createCache({ adapter: kvAdapter({ shards, name: name() }) })
    const counts = await Promise.all(
      Array.from({ length: 100 }, () => cache.aincr('n', 1, { initial: 0, timeout: null })),
    )
    expect(counts).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expect(calls).toEqual(['commit'])
  })

  it('are one for 100 that are taken out in one turn', async () => {
    const { calls, shards } = watched()
    const cache = createCache({ adapter: kvAdapter({ shards, name: name(), shardCount: 1 }) })
    const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`)
    await cache.asetMany(keys.map((key) => [key, key] as const))
    expect(await Promise.all(keys.map((key) => cache.apop(key)))).toEqual(keys)
    expect(calls).toEqual(['commit', 'commit'])
  })

  it('are one to each owner for reads, and for a read of many', async () => {
    const { calls, shards } = watched()
    const cache = createCache({ adapter: kvAdapter({ shards, name: name(), shardCount: 2 }) })
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
    await cache.asetMany(keys.map((key) => [key, key] as const))
    expect(await Promise.all(keys.map((key) => cache.aget(key)))).toEqual(keys)
    expect((await cache.agetMany(keys)).size).toBe(50)
    expect(calls).toEqual(['commit', 'commit', 'read', 'read', 'read', 'read'])
    calls.length = 0
    await cache.aclear()
    expect(calls).toEqual(['clear', 'clear'])
  })

  it('come after a clear that was asked for before them', async () => {
    const { shards } = watched()
    const cache = createCache({ adapter: kvAdapter({ shards, name: name(), shardCount: 8 }) })
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
    const all = keys.map((key) => [key, key] as const)
    await cache.asetMany(all)
    const [, , found] = await Promise.all([
      cache.aclear(),
      cache.asetMany(all.slice(25)),
      cache.agetMany(keys),
    ])
    expect([...found.keys()]).toEqual(keys.slice(25))
    expect([...(await cache.agetMany(keys)).keys()]).toEqual(keys.slice(25))
  })

  it('come after a move between owners that was asked for before them', async () => {
    const keyFunction = (key: string, prefix: string, version: number | string) =>
      `${prefix}${version}-${key}`
    const adapter = kvAdapter({ shards: env.CACHE_SHARDS, name: name(), shardCount: 16 })
    const cache = createCache({ adapter, keyFunction })
    expect(shardOf('::1-key', 16)).not.toBe(shardOf('::2-key', 16))
    await cache.aset('key', 'value')
    const calls = [cache.aincrVersion('key'), cache.aget('key', { version: 2 }), cache.ahasKey('key')]
    expect(await Promise.all(calls)).toEqual([2, 'value', false])
  })

  it('fail those who asked the owner that is down, and nobody else', async () => {
    const { shards } = watched((object) => object.endsWith('/0'))
    const cache = createCache({ adapter: kvAdapter({ shards, name: name(), shardCount: 2 }) })
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`)
    const isUp = keys.map((key) => shardOf(`:1:${key}`, 2) === 1)
    expect(new Set(isUp).size).toBe(2)
    const wrote = await Promise.allSettled(keys.map((key) => cache.aset(key, 1)))
    expect(wrote.map(({ status }) => status === 'fulfilled')).toEqual(isUp)
    const read = await Promise.allSettled(keys.map((key) => cache.aget(key)))
    expect(read.map((one) => one.status === 'fulfilled' && one.value === 1)).toEqual(isUp)
    for (const one of [...wrote, ...read]) {
      if (one.status === 'rejected') expect(isCacheError(one.reason, 'ADAPTER_FAILED')).toBe(true)
    }
  })

  it('are as many as it takes for values that are too large together', async () => {
    const { calls, shards } = watched()
    const cache = createCache({ adapter: kvAdapter({ shards, name: name(), shardCount: 1 }) })
    const values = Array.from(
      { length: 25 },
      (_, index) => [`key-${index}`, new Uint8Array(1_500_000)] as const,
    )
    expect(await cache.asetMany(values)).toEqual([])
    expect((await cache.agetMany(values.map(([key]) => key))).size).toBe(25)
    expect(new Set(calls)).toEqual(new Set(['commit', 'read']))
    expect(calls.length).toBeGreaterThan(4)
    const popped = await Promise.all(values.map(([key]) => cache.apop<Uint8Array>(key)))
    expect(popped.map((bytes) => bytes?.length)).toEqual(values.map(() => 1_500_000))
  })

  it('come after what took several calls, and was asked for before them', async () => {
    const { shards } = watched()
    const cache = createCache({ adapter: kvAdapter({ shards, name: name(), shardCount: 1 }) })
    const values = Array.from({ length: 25 }, (_, at) => [`key-${at}`, new Uint8Array(1_500_000)] as const)
    const stored = cache.asetMany(values)
    const found = cache.ahasKey('key-24')
    // Another turn.
    await Promise.resolve()
    await Promise.all([stored, cache.aset('key-24', 'new')])
    expect([await found, await cache.aget('key-24')]).toEqual([true, 'new'])
    await cache.asetMany(values)
    const popped = values.map(([key]) => cache.apop<Uint8Array>(key))
    await Promise.resolve()
    await cache.aset('key-24', 'new')
    expect((await popped[24])?.length).toBe(1_500_000)
    expect(await cache.aget('key-24')).toBe('new')
  })

  it('are as many as it takes for keys that are too large together', async () => {
    const { calls, shards } = watched()
    const cache = createCache({ adapter: kvAdapter({ shards, name: name(), shardCount: 1 }), keys: 'off' })
    const keys = Array.from({ length: 75_000 }, (_, index) => `${index}${'x'.repeat(480)}`)
    await cache.asetMany({ [keys[0] as string]: 1, [keys.at(-1) as string]: 2 })
    expect([...(await cache.agetMany(keys)).values()]).toEqual([1, 2])
    await cache.adeleteMany(keys)
    expect(await cache.agetMany([keys[0] as string, keys.at(-1) as string])).toEqual(new Map())
    expect(new Set(calls)).toEqual(new Set(['commit', 'read']))
  }, 30_000)
})

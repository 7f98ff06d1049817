import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import type { CacheShard } from './cache-shard.ts'
import {
  type AnyDurableObjectNamespace,
  type CacheShardNamespace,
  type KVAdapterOptions,
  kvAdapter,
} from './index.ts'

const typed: DurableObjectNamespace<CacheShard> = env.CACHE_SHARDS
/** What `wrangler types` writes for a class of another Worker. */
const plain = env.CACHE_SHARDS as unknown as DurableObjectNamespace
const another = env.CACHE_SHARDS as unknown as DurableObjectNamespace<undefined>

/** As runtimes of before August 2025 have it. */
const withoutGetByName: AnyDurableObjectNamespace = {
  idFromName: (name) => typed.idFromName(name),
  get: (id: DurableObjectId, options) => typed.get(id, options),
}
const double: CacheShardNamespace = {
  idFromName: (name) => typed.idFromName(name),
  getByName(name, options) {
    const stub = typed.getByName(name, options)
    return {
      read: (request) => stub.read(request) as never,
      commit: (request) => stub.commit(request) as never,
      clear: (request) => stub.clear(request) as never,
      reserve: (request) => stub.reserve(request) as never,
      claim: (request) => stub.claim(request) as never,
      renew: (request) => stub.renew(request) as never,
      deleteTags: (request) => stub.deleteTags(request) as never,
      listKeys: (request) => stub.listKeys(request) as never,
    }
  },
}

describe('the Durable Object binding', () => {
  it.each<[string, NonNullable<KVAdapterOptions['shards']>]>([
    ['that names its class', typed],
    ['that names no class', plain],
    ['whose class is unknown', another],
    ['without getByName', withoutGetByName],
    ['of a test', double],
  ])('may be one %s', async (_, shards) => {
    for (const hint of [{}, { locationHint: 'weur' }] as const) {
      const adapter = kvAdapter({ kv: env.CACHE_KV, shards, name: crypto.randomUUID(), ...hint })
      const cache = createCache({ adapter })
      await cache.aset('key', 'value')
      expect(await cache.aget('key')).toBe('value')
      await cache.aclear()
      expect(await cache.aget('key')).toBeUndefined()
    }
  })

  it('is the same objects, whichever way it is asked', async () => {
    const name = crypto.randomUUID()
    const [one, other] = [typed, withoutGetByName].map((shards) =>
      createCache({ adapter: kvAdapter({ shards, name }) }),
    )
    await one?.aset('key', 'value')
    expect(await other?.aget('key')).toBe('value')
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a KV namespace', env.CACHE_KV],
    ['an empty object', {}],
  ])('is not %s', (_, shards) => {
    expect(() => kvAdapter({ kv: env.CACHE_KV, shards: shards as never })).toThrow(/^shards must/)
  })

  it('has the type of one', () => {
    // @ts-expect-error: a KV namespace is none.
    const wrong: KVAdapterOptions = { shards: env.CACHE_KV }
    expect(wrong).toBeDefined()
  })
})

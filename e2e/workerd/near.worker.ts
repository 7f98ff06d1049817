import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { countOperations, kvAdapter } from '../../src/adapters/kv/index.ts'
import { createCache } from '../../src/index.ts'

export { CacheShard }

interface Bindings {
  readonly CACHE_KV: KVNamespace
  readonly CACHE_SHARDS: DurableObjectNamespace<CacheShard>
}

/** A Worker that makes its adapter anew for each request, as they do, and answers with what the call cost. */
export default {
  async fetch(request, env) {
    const meter = countOperations()
    const bindings = { kv: meter.kv(env.CACHE_KV), shards: meter.shards(env.CACHE_SHARDS) }
    const adapter = kvAdapter({ ...bindings, shardCount: 1 })
    const cache = createCache({ adapter })
    const [, method, key = ''] = new URL(request.url).pathname.split('/')
    const given = async (): Promise<unknown> => {
      switch (method) {
        case 'aset':
          return cache.aset(key, await request.text())
        case 'aclear':
          return cache.aclear()
        case 'copies':
          return (await env.CACHE_KV.list()).keys.map(({ name }) => name)
        default:
          return cache.aget(key)
      }
    }
    const gave = (await given()) ?? null
    const { kvReads, ownerCalls } = meter.costs()
    return Response.json({ gave, kvReads, ownerCalls })
  },
} satisfies ExportedHandler<Bindings>

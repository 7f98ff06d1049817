import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { kvAdapter } from '../../src/adapters/kv/index.ts'
import { createCache } from '../../src/index.ts'

export { CacheShard }

interface Bindings {
  readonly CACHE_SHARDS: DurableObjectNamespace<CacheShard>
}

/** A Worker that does what it is asked to a cache: `/aincr/n`, `/aadd/lock`. */
export default {
  async fetch(request, env) {
    const cache = createCache({ adapter: kvAdapter({ shards: env.CACHE_SHARDS, shardCount: 2 }) })
    const [, method, key = ''] = new URL(request.url).pathname.split('/')
    switch (method) {
      case 'aget':
        return Response.json((await cache.aget(key)) ?? null)
      case 'aset':
        await cache.aset(key, await request.json(), null)
        return Response.json('stored')
      case 'aincr':
        return Response.json(await cache.aincr(key))
      case 'aadd':
        return Response.json(await cache.aadd(key, 'taken', 60))
      default:
        return new Response('Not found', { status: 404 })
    }
  },
} satisfies ExportedHandler<Bindings>

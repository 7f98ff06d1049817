import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { type CacheShardNamespace, kvAdapter } from '../../src/adapters/kv/index.ts'
import { createCache } from '../../src/index.ts'

export { CacheShard }

interface Bindings {
  readonly CACHE_KV: KVNamespace
  readonly CACHE_SHARDS: CacheShardNamespace
}

/**
 * `/key?from=URL`: loads the key from there, if it must. With `leave`, the request ends once the load has begun, and with `alone` nothing
 * keeps the load alive then. `DELETE` deletes the key.
 */
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    const key = pathname.slice(1)
    const cache = createCache({ adapter: kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS }) })
    if (request.method === 'DELETE') return Response.json(await cache.adelete(key))
    const load = async () => (await fetch(`${searchParams.get('from')}/${key}`)).text()
    const waitUntil = searchParams.has('alone') ? { waitUntil: () => {} } : {}
    const loading = cache.agetOrSet(key, load, waitUntil)
    if (!searchParams.has('leave')) return Response.json(await loading)
    await fetch(`${searchParams.get('from')}/begun/${key}`)
    return Response.json('left')
  },
} satisfies ExportedHandler<Bindings>

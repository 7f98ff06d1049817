import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { kvAdapter } from '../../src/adapters/kv/index.ts'
import { createCache } from '../../src/index.ts'
import { type Asked, packed, unpacked } from '../asking.ts'

export { CacheShard }

interface Bindings {
  readonly CACHE_KV: KVNamespace
  readonly CACHE_SHARDS: DurableObjectNamespace<CacheShard>
}

/** A Worker that makes the calls it is sent, on one cache, and answers with their answers. */
export default {
  async fetch(request, env) {
    const { calls, now, keyPrefix, reads = 'owner' } = unpacked(await request.text()) as Asked
    const adapter = kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS, reads })
    const cache = createCache({ adapter, keyPrefix, clock: () => now }) as unknown as Record<string, Method>
    return new Response(packed(await Promise.all(calls.map(({ method, args }) => cache[method]?.(...args)))))
  },
} satisfies ExportedHandler<Bindings>

type Method = (...args: readonly unknown[]) => Promise<unknown>

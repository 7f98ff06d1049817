import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { kvAdapter } from '../../src/adapters/kv/index.ts'
import type { Call } from '../../tests/linearizability/history.ts'
import { faithful, naive, type Perform } from '../../tests/linearizability/perform.ts'

export { CacheShard }

interface Bindings {
  readonly CACHE_KV: KVNamespace
  readonly CACHE_SHARDS: DurableObjectNamespace<CacheShard>
}

let performers: Record<string, Perform> | undefined

/** A Worker that makes the call it is sent to `/faithful` or `/naive`. What locks it took, it remembers. */
export default {
  async fetch(request, env) {
    if (performers === undefined) {
      const adapter = kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS, shardCount: 2, reads: 'owner' })
      performers = { faithful: faithful(adapter), naive: naive(adapter) }
    }
    const perform = performers[new URL(request.url).pathname.slice(1)]
    if (perform === undefined) return new Response('Not found', { status: 404 })
    return new Response(await perform((await request.json()) as Call))
  },
} satisfies ExportedHandler<Bindings>

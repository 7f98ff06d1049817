import { DurableObject } from 'cloudflare:workers'

// Holds the binding's place until src/adapters/kv/cache-shard.ts brings the real class.
export class CacheShard extends DurableObject<Env> {
  ping(): string {
    return 'pong'
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname !== '/api/ping') return new Response('Not found', { status: 404 })
    const shard = env.CACHE_SHARDS.get(env.CACHE_SHARDS.idFromName('0'))
    return Response.json({ shard: await shard.ping() })
  },
} satisfies ExportedHandler<Env>

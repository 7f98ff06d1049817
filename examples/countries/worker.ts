import { CacheShard } from '../../src/adapters/kv/index.ts'

export { CacheShard }

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname !== '/api/ping') return new Response('Not found', { status: 404 })
    await env.CACHE_SHARDS.getByName('0').read([], 'value')
    return Response.json({ shard: 'pong' })
  },
} satisfies ExportedHandler<Env>

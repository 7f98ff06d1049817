import { env, exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'

it('calls the Durable Object', async () => {
  const shard = env.CACHE_SHARDS.get(env.CACHE_SHARDS.idFromName('0'))
  expect(await shard.ping()).toBe('pong')
})

it('reaches the demo Worker and KV', async () => {
  const response = await exports.default.fetch('http://localhost/api/ping')
  expect(await response.json()).toEqual({ shard: 'pong' })
  await env.CACHE_KV.put('key', 'value')
  expect(await env.CACHE_KV.get('key')).toBe('value')
})

import { expect, it } from 'vitest'

it('is imported and makes a cache where there is no cloudflare:workers', async () => {
  const { kvOnlyAdapter } = await import('./index.ts')
  const { createCache } = await import('../../index.ts')
  const kv = {
    getWithMetadata: async () => ({ value: null, metadata: null }),
  } as unknown as import('./index.ts').CacheKVNamespace
  expect(await createCache({ adapter: kvOnlyAdapter({ kv }) }).aget('absent')).toBeUndefined()
})

it('leaves cloudflare:workers to the class', async () => {
  // Vite says "Failed to resolve", Node that it supports only file, data and node URLs.
  await expect(import('./cache-shard.ts')).rejects.toThrow(/cloudflare:workers/)
})

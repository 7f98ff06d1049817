import { expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter } from './index.ts'

it.each([Number.POSITIVE_INFINITY, 2 ** 40])('opens with an openTimeout of %d s', async (openTimeout) => {
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), openTimeout })
  await using cache = createCache({ adapter })
  await cache.aset('key', 'value')
  expect(await cache.aget('key')).toBe('value')
})

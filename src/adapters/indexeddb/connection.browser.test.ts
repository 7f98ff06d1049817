import { expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter } from './index.ts'

it.each([Number.POSITIVE_INFINITY, 2 ** 40])('opens with an openTimeout of %d s', async (openTimeout) => {
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), openTimeout })
  await using cache = createCache({ adapter })
  await cache.aset('key', 'value')
  expect(await cache.aget('key')).toBe('value')
})

it('closes when a sweep under way has ended, which does not open the database again', async () => {
  const opening = vi.spyOn(IDBFactory.prototype, 'open')
  let now = 1_000
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), whenIdle: () => {} })
  const cache = createCache({ adapter, clock: () => now })
  await cache.asetMany(
    Array.from({ length: 2_500 }, (_, index) => [`key-${index}`, 1] as const),
    1,
  )
  now += 1_000
  const opened = opening.mock.calls.length
  const swept = adapter.sweep(now)
  await cache.aclose()
  expect(await swept).toBe(2_500)
  expect(opening).toHaveBeenCalledTimes(opened)
  opening.mockRestore()
})

it('tells why nothing can be stored in a database of somebody else', async () => {
  const name = crypto.randomUUID()
  const foreign = indexedDB.open(name)
  foreign.onupgradeneeded = () => foreign.result.createObjectStore('entries', { keyPath: 'id' })
  await new Promise((resolve) => {
    foreign.onsuccess = resolve
  })
  foreign.result.close()
  await using cache = createCache({ adapter: indexedDBAdapter({ name }) })
  await expect(cache.aset('key', 1)).rejects.toMatchObject({
    code: 'ADAPTER_FAILED',
    cause: { name: 'DataError' },
  })
})

import { afterEach, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter } from './index.ts'

afterEach(() => vi.restoreAllMocks())

it('tells why a clear failed, where a browser fails the one request that it cannot do', async () => {
  const name = crypto.randomUUID()
  const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`)
  await using unlimited = createCache({ adapter: indexedDBAdapter({ name }), keyPrefix: 'app' })
  await unlimited.asetMany(keys.map((key) => [key, 1] as const))
  await using cache = createCache({
    adapter: indexedDBAdapter({ name, maxEntries: 1_000 }),
    keyPrefix: 'app',
  })
  // What is there is counted first: that puts, and reads on.
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(failing)
  await expect(cache.aclear()).rejects.toMatchObject({ cause: { name: 'ConstraintError' } })
  put.mockRestore()
  expect((await cache.agetMany(keys)).size).toBe(300)
})

/** A put that fails once the browser comes to it. */
function failing(this: IDBObjectStore): IDBRequest<IDBValidKey> {
  return this.transaction.objectStore('entries').add(1, 'app:1:key-0')
}

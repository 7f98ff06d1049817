import { describe, expect, it } from 'vitest'
import { indexedDBAdapter, lruLimits } from '../adapters/indexeddb/index.ts'
import type { Adapter } from '../core/adapter.ts'
import { createCache } from '../core/create-cache.ts'
import { cacheSuite } from './cache-suite.ts'
import { cullingSuite } from './conformance/culling.ts'

const createAdapter = (): Adapter => indexedDBAdapter({ name: crypto.randomUUID() })
cacheSuite({ name: 'indexeddb', createAdapter })
cullingSuite({
  name: 'indexeddb',
  createAdapter: (cap) => indexedDBAdapter({ name: crypto.randomUUID(), limits: lruLimits(cap) }),
})

describe('cache on indexeddb, its place', () => {
  it('64. clears its own database, and nothing else of the origin', async () => {
    const [mine, theirs] = [crypto.randomUUID(), crypto.randomUUID()]
    const other = createCache({ adapter: indexedDBAdapter({ name: theirs }) })
    await other.aset('key', 'theirs')
    localStorage.setItem(mine, 'theirs')
    await using cache = createCache({ adapter: indexedDBAdapter({ name: mine }) })
    await cache.aset('key', 'mine')
    await cache.aclear()
    expect(await cache.ahasKey('key')).toBe(false)
    expect(await other.aget('key')).toBe('theirs')
    expect(localStorage.getItem(mine)).toBe('theirs')
    localStorage.removeItem(mine)
    await other.aclose()
  })

  it('66. makes its database anew where it was removed', async () => {
    const name = crypto.randomUUID()
    await using cache = createCache({ adapter: indexedDBAdapter({ name }) })
    await cache.aset('key', 'value')
    await removed(name)
    expect(await cache.aget('key')).toBeUndefined()
    await removed(name)
    await cache.aset('key', 'again')
    expect(await cache.aget('key')).toBe('again')
  })
})

function removed(database: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

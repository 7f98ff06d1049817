import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { kvAdapter } from '../adapters/kv/index.ts'
import { createCache } from '../core/create-cache.ts'
import { cacheSuite } from './cache-suite.ts'

const named = (name: string) => kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS, name, shardCount: 2 })

cacheSuite({ name: 'kv', createAdapter: () => named(crypto.randomUUID()) })

describe('cache on kv, its place', () => {
  it('64. clears the objects of its own name, and no others of the binding', async () => {
    const [mine, theirs] = [crypto.randomUUID(), crypto.randomUUID()]
    const other = createCache({ adapter: named(theirs) })
    const cache = createCache({ adapter: named(mine) })
    await other.aset('key', 'theirs')
    await cache.aset('key', 'mine')
    await cache.aclear()
    expect(await cache.ahasKey('key')).toBe(false)
    expect(await other.aget('key')).toBe('theirs')
  })

  it('66. makes its objects when they are first needed, also to read or clear', async () => {
    expect(await createCache({ adapter: named(crypto.randomUUID()) }).aget('key')).toBeUndefined()
    expect(await createCache({ adapter: named(crypto.randomUUID()) }).aclear()).toBeUndefined()
  })
})

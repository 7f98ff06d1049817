import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { isCacheError } from '../../core/errors.ts'
import { kvAdapter } from './index.ts'

function open(shardCount = 2) {
  const name = crypto.randomUUID()
  const cache = createCache({ adapter: kvAdapter({ shards: env.CACHE_SHARDS, name, shardCount }) })
  const evict = async (): Promise<void> => {
    for (let shard = 0; shard < shardCount; shard += 1) {
      await evictDurableObject(env.CACHE_SHARDS.getByName(`${name}/v1/${shardCount}/${shard}`))
    }
  }
  return { cache, evict }
}

describe('what was acknowledged', () => {
  it('is there after every object was evicted from memory', async () => {
    const { cache, evict } = open()
    await cache.asetMany({ a: 1, b: { at: new Date(5) }, c: 'text' }, null)
    await cache.aincr('a', 5)
    await evict()
    expect(await cache.agetMany(['a', 'b', 'c'])).toEqual(
      new Map<string, unknown>([
        ['a', 6],
        ['b', { at: new Date(5) }],
        ['c', 'text'],
      ]),
    )
    await evict()
    expect(await cache.aincr('a')).toBe(7)
    await cache.aclear()
    await evict()
    expect(await cache.agetMany(['a', 'b', 'c'])).toEqual(new Map())
  })

  it('is there after the objects were aborted in the middle of work, and no count was lost or made twice', async () => {
    const { cache } = open(1)
    await cache.aset('n', 0, null)
    let acknowledged = 0
    let inDoubt = 0
    let isOver = false
    const count = async (): Promise<void> => {
      while (!isOver) {
        await cache.aincr('n').then(
          () => {
            acknowledged += 1
          },
          (error) => {
            expect(isCacheError(error, 'ADAPTER_FAILED')).toBe(true)
            inDoubt += 1
          },
        )
      }
    }
    const clients = Array.from({ length: 5 }, count)
    for (let round = 0; round < 30; round += 1) {
      // Lets the clients get somewhere before the next blow.
      for (let read = 0; read < 3; read += 1) await cache.aget('other').catch(() => {})
      await abortAllDurableObjects()
    }
    isOver = true
    await Promise.all(clients)
    expect(Math.min(acknowledged, inDoubt)).toBeGreaterThan(0)
    const counted = await cache.aget<number>('n')
    expect(counted).toBeGreaterThanOrEqual(acknowledged)
    expect(counted).toBeLessThanOrEqual(acknowledged + inDoubt)
  })
})

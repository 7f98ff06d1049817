import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { type CacheKVNamespace, kvAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'

const HOUR = 3_600_000

afterEach(() => {
  vi.useRealTimers()
})

/** A cache with one owner, and what can be seen inside of it. */
function open() {
  const name = crypto.randomUUID()
  const adapter = kvAdapter({ shards: env.CACHE_SHARDS, name, shardCount: 1 })
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  return {
    owner,
    /** Whoever calls through it lives so many milliseconds ago. */
    ago: (milliseconds: number) => createCache({ adapter, clock: () => Date.now() - milliseconds }),
    /** Reads near, each as an isolate of its own, which remembers nothing. */
    near: () => {
      const { CACHE_KV: kv } = env
      const getWithMetadata = kv.getWithMetadata.bind(kv) as CacheKVNamespace['getWithMetadata']
      const isolate = standForIsolate({ getWithMetadata } as CacheKVNamespace)
      return createCache({
        adapter: kvAdapter({ kv: isolate, shards: env.CACHE_SHARDS, name, shardCount: 1 }),
      })
    },
    rows: () =>
      runInDurableObject(owner, (_, { storage }) =>
        storage.sql
          .exec<{ key: string }>('SELECT key FROM entries ORDER BY key')
          .toArray()
          .map(({ key }) => key),
      ),
    alarm: () => runInDurableObject(owner, (_, { storage }) => storage.getAlarm()),
  }
}

describe('the sweep', () => {
  it('removes the long dead, and nothing else', async () => {
    const { ago, owner, rows } = open()
    await ago(2 * HOUR).asetMany({ dead: 1, gone: 'text' }, 60)
    await ago(61_000).aset('just-dead', 1, 60)
    await ago(0).asetMany({ live: 1 }, 60)
    await ago(2 * HOUR).aset('for-ever', 1, null)
    expect(await rows()).toHaveLength(5)
    expect(await runDurableObjectAlarm(owner)).toBe(true)
    expect(await rows()).toEqual([':1:for-ever', ':1:just-dead', ':1:live'])
  })

  it('is set once there is something that can die', async () => {
    const { ago, alarm } = open()
    await ago(0).aset('for-ever', 1, null)
    expect(await alarm()).toBeNull()
    const before = Date.now()
    await ago(0).aset('long', 1, (24 * HOUR) / 1000)
    await expect.poll(alarm).toBeGreaterThanOrEqual(before + 24 * HOUR)
    await ago(0).aset('key', 1, 60)
    await expect.poll(alarm).toBeLessThan(before + 2 * HOUR)
    expect(await alarm()).toBeGreaterThanOrEqual(before + HOUR)
  })

  it('is set again for the next deadline, and not where nothing can die', async () => {
    const { ago, owner, alarm } = open()
    const cache = ago(0)
    const before = Date.now()
    await cache.aset('key', 1, (24 * HOUR) / 1000)
    await runDurableObjectAlarm(owner)
    expect(await alarm()).toBeGreaterThanOrEqual(before + 24 * HOUR)
    await cache.adelete('key')
    await runDurableObjectAlarm(owner)
    expect(await alarm()).toBeNull()
    await cache.aset('key', 1, 60)
    await expect.poll(alarm).toBeGreaterThanOrEqual(before + HOUR)
  })

  it('comes within an hour after a clear of a prefix, and not with each: it reads all there is', async () => {
    const { ago, owner, rows, alarm } = open()
    await ago(0).asetMany({ 'a:key': 1, 'b:key': 1, other: 1 }, null)
    const cleared = Date.now()
    await owner.clear({ scope: ':1:a:', generation: 1 })
    await owner.clear({ scope: ':1:b:', generation: 2 })
    await expect.poll(alarm).toBeGreaterThanOrEqual(cleared + HOUR)
    await runDurableObjectAlarm(owner)
    expect(await rows()).toEqual([':1:other'])
  })

  it('is set for what dies soon, however far ahead it was set before', async () => {
    const { ago, owner, alarm } = open()
    const cache = ago(0)
    await cache.aset('long', 1, 30 * 86_400)
    await runDurableObjectAlarm(owner)
    expect(await alarm()).toBeGreaterThan(Date.now() + 29 * 24 * HOUR)
    await cache.aset('short', 1, 60)
    await expect.poll(alarm).toBeLessThanOrEqual(Date.now() + HOUR)
    // Also by an owner that was evicted, whose alarm outlived it.
    await runDurableObjectAlarm(owner)
    await cache.adelete('short')
    await runDurableObjectAlarm(owner)
    expect(await alarm()).toBeGreaterThan(Date.now() + 29 * 24 * HOUR)
    await evictDurableObject(owner)
    await cache.aset('short', 1, 60)
    await expect.poll(alarm).toBeLessThanOrEqual(Date.now() + HOUR)
  })

  it('is not part of every alarm that writes a copy, also where the owner was evicted in between', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { near, owner, ago, rows } = open()
    await near().asetMany({ copied: 'text', other: 'text' }, null)
    await near().aget('copied')
    await runDurableObjectAlarm(owner)
    await ago(2 * HOUR).aset('dead', 1, 60)
    await near().aget('other')
    await evictDurableObject(owner)
    await runDurableObjectAlarm(owner)
    expect(await rows()).toContain(':1:dead')
    vi.setSystemTime(Date.now() + HOUR)
    await near().aset('copied', 'new', null)
    await evictDurableObject(owner)
    await runDurableObjectAlarm(owner)
    expect(await rows()).toEqual([':1:copied', ':1:other'])
  })

  it('is set within some months, however far ahead the next deadline is', async () => {
    const { ago, owner, alarm } = open()
    await ago(0).aset('key', 1, 100_000_000_000)
    await runDurableObjectAlarm(owner)
    expect(await alarm()).toBeLessThan(Date.now() + 180 * 24 * HOUR)
  })
})

import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { kvAdapter } from './index.ts'
import type { CacheKVNamespace } from './namespace.ts'

/** The real namespace as another isolate has it: what is remembered of a binding goes by the object. */
function anotherIsolate(): CacheKVNamespace {
  const { CACHE_KV: kv } = env
  return {
    getWithMetadata: kv.getWithMetadata.bind(kv) as CacheKVNamespace['getWithMetadata'],
    get: kv.get.bind(kv) as CacheKVNamespace['get'],
    put: kv.put.bind(kv) as CacheKVNamespace['put'],
    delete: kv.delete.bind(kv),
  }
}

function open() {
  const name = crypto.randomUUID()
  let now = Date.now()
  const isolate = () => {
    const adapter = kvAdapter({ kv: anotherIsolate(), shards: env.CACHE_SHARDS, name, shardCount: 1 })
    const cache = createCache({ adapter, keyPrefix: 'app', clock: () => now })
    /** What `work` made the platform bill. */
    const billed = async (work: () => Promise<unknown>) => {
      const before = adapter.costs()
      await work()
      const after = adapter.costs()
      return { kvReads: after.kvReads - before.kvReads, ownerCalls: after.ownerCalls - before.ownerCalls }
    }
    return { cache, billed }
  }
  return {
    isolate,
    /** Lets the owner write what is due. */
    flush: () => runDurableObjectAlarm(env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)),
    copy: (key: string) => env.CACHE_KV.getWithMetadata(`${name}/v1/1/${key}`, 'text'),
    pass: (seconds: number) => {
      now += seconds * 1000
    },
  }
}

describe('near reads', () => {
  it('make the owner write a copy once one was missed, and are then one KV read and no call', async () => {
    const { isolate, flush, copy } = open()
    const [writer, reader, other] = [isolate(), isolate(), isolate()]
    await writer.cache.aset('user', { name: 'Ada' })
    await flush()
    expect(await copy('app:1:user')).toMatchObject({ value: null })
    expect(await reader.cache.aget('user')).toEqual({ name: 'Ada' })
    expect(await flush()).toBe(true)
    expect(await copy('app:1:user')).toMatchObject({
      value: '{"name":"Ada"}',
      metadata: { nearcache: 1, format: 'json' },
    })
    // What is cleared is told once for many reads.
    await other.cache.ahasKey('warm')
    const hit = await other.billed(async () => {
      expect(await other.cache.aget('user')).toEqual({ name: 'Ada' })
    })
    expect(hit).toEqual({ kvReads: 1, ownerCalls: 0 })
  })
})

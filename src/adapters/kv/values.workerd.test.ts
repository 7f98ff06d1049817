import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { storableValues } from '../../testing/values.ts'
import { countOperations, kvAdapter, kvOnlyAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import type { CacheKVNamespace } from './namespace.ts'

/** A handle of its own, as another isolate has one, that counts its calls. */
function countingKV() {
  const { CACHE_KV: real } = env
  const calls: string[] = []
  const kv = standForIsolate<CacheKVNamespace>({
    getWithMetadata: ((...args: [never]) => {
      calls.push('getWithMetadata')
      return real.getWithMetadata(...args)
    }) as unknown as CacheKVNamespace['getWithMetadata'],
    get: real.get.bind(real) as CacheKVNamespace['get'],
    put: real.put.bind(real) as CacheKVNamespace['put'],
    delete: real.delete.bind(real),
  })
  return { kv, calls }
}

const named = storableValues.map((value, index) => ({ ...value, key: `value-${index}` }))
const pairs = named.map(({ key, make }) => [key, make()] as const)
const keys = named.map(({ key }) => key)

function expectAll(found: ReadonlyMap<string, unknown>): void {
  for (const { key, name, make, flaw } of named) {
    const value = found.get(key)
    // Comparing four billion holes takes for ever; its flaw() looks at what matters.
    if (!(Array.isArray(value) && value.length > 1_000_000)) expect(value, name).toStrictEqual(make())
    expect(flaw?.(value as never), name).toBeUndefined()
  }
}

describe('every value that a cache can store', () => {
  it('comes back from its copy in KV as it went in', async () => {
    const name = crypto.randomUUID()
    const isolate = () => {
      const { kv, calls } = countingKV()
      const meter = countOperations()
      const bindings = { kv: standForIsolate(meter.kv(kv)), shards: meter.shards(env.CACHE_SHARDS) }
      const adapter = kvAdapter({ ...bindings, name, shardCount: 1 })
      return { meter, calls, cache: createCache({ adapter }) }
    }
    await isolate().cache.asetMany(pairs)
    await isolate().cache.agetMany(keys)
    await runDurableObjectAlarm(env.CACHE_SHARDS.getByName(`${name}/v1/1/0`))
    const { meter, calls, cache } = isolate()
    expectAll(await cache.agetMany(keys))
    // One call for the copies, one for what was cleared; the large text is read from where its copy points. Numbers have none.
    expect(keys.length).toBeLessThanOrEqual(100)
    expect(calls).toHaveLength(2)
    expect(meter.costs()).toMatchObject({ kvReads: keys.length + 2, ownerCalls: 1 })
  })

  it('comes back from KV alone as it went in', async () => {
    const { kv, calls } = countingKV()
    const cache = createCache({ adapter: kvOnlyAdapter({ kv, name: crypto.randomUUID() }) })
    expect(await cache.asetMany(pairs)).toEqual([])
    expectAll(await cache.agetMany(keys))
    expect(calls).toHaveLength(1)
  })

  it('is an object of his own to each who reads it in one turn', async () => {
    const { CACHE_SHARDS: shards } = env
    const name = crypto.randomUUID()
    for (const adapter of [
      kvAdapter({ shards, name }),
      kvAdapter({ kv: countingKV().kv, shards, name }),
      kvOnlyAdapter({ kv: countingKV().kv, name }),
    ]) {
      const cache = createCache({ adapter })
      await cache.aset('bytes', new Uint8Array([1, 2]))
      const read = () => cache.aget('bytes', { default: new Uint8Array() })
      const [mine, yours] = await Promise.all([read(), read()])
      mine[0] = 9
      expect(yours).toStrictEqual(new Uint8Array([1, 2]))
    }
  })
})

import type { CacheKVNamespace } from './namespace.ts'
import {
  type AnyDurableObjectNamespace,
  type CacheShardNamespace,
  type CacheShardStub,
  stubOf,
} from './shard-namespace.ts'

/** Operations that Cloudflare bills, made through metered bindings. */
export interface Costs {
  /** Keys read from KV. A call that reads many keys counts each of them. */
  readonly kvReads: number
  readonly kvWrites: number
  readonly kvDeletes: number
  /** Calls to Durable Objects. The rows that they read and write are counted there: `CacheShard#billedRows`. */
  readonly ownerCalls: number
}

export interface OperationMeter {
  /** The KV binding, counted. */
  kv(binding: CacheKVNamespace): CacheKVNamespace
  /** The Durable Object binding, counted. */
  shards(binding: CacheShardNamespace | AnyDurableObjectNamespace): CacheShardNamespace
  /** What has been counted so far. */
  costs(): Costs
}

/**
 * Counts the billed operations that go through the bindings it wraps. One meter may wrap any number of bindings. What the Durable
 * Objects do later, by their alarms, is not counted.
 *
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { CacheShard } from 'nearcache/cache-shard'
 * import { countOperations, kvAdapter } from 'nearcache/kv'
 *
 * export { CacheShard }
 *
 * export default {
 *   async fetch(_request: Request, env: Env): Promise<Response> {
 *     const meter = countOperations()
 *     const adapter = kvAdapter({ kv: meter.kv(env.CACHE_KV), shards: meter.shards(env.CACHE_SHARDS) })
 *     await createCache({ adapter }).aset('key', 'value')
 *     return Response.json(meter.costs()) // { kvReads: 0, kvWrites: 0, kvDeletes: 0, ownerCalls: 1 }
 *   },
 * }
 * ```
 */
export function countOperations(): OperationMeter {
  const counts = { kvReads: 0, kvWrites: 0, kvDeletes: 0, ownerCalls: 0 }
  return {
    kv: (kv) => ({
      getWithMetadata: ((keys: string, options) => {
        counts.kvReads += typeof keys === 'string' ? 1 : (keys as string[]).length
        return kv.getWithMetadata(keys, options)
      }) as CacheKVNamespace['getWithMetadata'],
      get(key, options) {
        counts.kvReads += 1
        return kv.get(key, options)
      },
      put(...put) {
        counts.kvWrites += 1
        return kv.put(...put)
      },
      delete(key) {
        counts.kvDeletes += 1
        return kv.delete(key)
      },
    }),
    shards: (shards) => ({
      idFromName: (name) => shards.idFromName(name),
      getByName: (name, { locationHint } = {}) => {
        const stub = stubOf(shards, name, locationHint)
        return counted(stub, () => {
          counts.ownerCalls += 1
        })
      },
    }),
    costs: () => ({ ...counts }),
  }
}

function counted(stub: CacheShardStub, count: () => void): CacheShardStub {
  const methods = METHODS
    // Old runtimes have stubs without methods, and the adapter's error says so.
    .filter((name) => typeof stub[name] === 'function')
    .map((name) => [
      name,
      (request: never) => {
        count()
        return stub[name](request)
      },
    ])
  return Object.fromEntries(methods)
}

const METHODS = ['read', 'commit', 'clear', 'reserve', 'claim', 'renew', 'deleteTags', 'listKeys'] as const

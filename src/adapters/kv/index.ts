import type { Adapter } from '../../core/adapter.ts'
import { guarded } from '../../core/callbacks.ts'
import { describeType } from '../../core/expiry.ts'
import { checkBag, checkChoice } from '../../core/options.ts'
import { checkInteger, checkKV, checkShared } from './adapter-options.ts'
import { Blobs } from './blobs.ts'
import { EdgeAdapter } from './edge-adapter.ts'
import { memoryOf } from './isolate-memories.ts'
import { kvNamesOf } from './kv-names.ts'
import { ownedSupports } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'
import { ReplicaReader } from './replica-reader.ts'
import { ShardClient } from './shard-client.ts'
import type { AnyDurableObjectNamespace, CacheShardNamespace, LocationHint } from './shard-namespace.ts'
import { warnOnce } from './warn-once.ts'

export { type KVOnlyAdapterOptions, kvOnlyAdapter } from './kv-only.ts'
export type {
  CacheKVNamespace,
  KVReadOptions,
  KVValueWithMetadata,
  KVWriteOptions,
} from './namespace.ts'
export { type Costs, countOperations, type OperationMeter } from './operation-meter.ts'
export type {
  AnyDurableObjectNamespace,
  CacheShardNamespace,
  CacheShardStub,
  LocationHint,
} from './shard-namespace.ts'

export interface KVAdapterOptions {
  /**
   * The Workers KV binding, for replicas and for values larger than 128 KiB: `env.CACHE_KV`. Without it every read goes to the owner,
   * and a value has at most 1.9 MB.
   */
  readonly kv?: CacheKVNamespace
  /**
   * The Durable Object binding of `CacheShard`, the class of `nearcache/cache-shard`: `env.CACHE_SHARDS`. Without Durable Objects use
   * `kvOnlyAdapter`.
   */
  readonly shards: CacheShardNamespace | AnyDurableObjectNamespace
  /** Keeps caches on one binding apart. Default `'default'`; at most 400 bytes, percent-encoded. */
  readonly name?: string | undefined
  /**
   * The number of Durable Objects that share the keys. Default 8, at most 32. It is part of their names, so another number is another,
   * empty cache. One object takes some 200 to 500 writes a second.
   * https://developers.cloudflare.com/durable-objects/platform/limits/
   */
  readonly shardCount?: number | undefined
  /**
   * `'near'` (default with `kv`): reads may be answered by a replica in this location's KV, which may be stale by up to
   * `supports.staleness` seconds. Numbers, and keys that this isolate wrote, are always exact. `'owner'`: all reads are exact.
   */
  readonly reads?: 'near' | 'owner' | undefined
  /**
   * Seconds that a location caches what it read from KV, and so how stale a replica may be. Default 60, at least 30.
   * https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter
   */
  readonly cacheTtl?: number | undefined
  /**
   * Where the Durable Objects are created. Default: near the first caller. They never move.
   * https://developers.cloudflare.com/durable-objects/reference/data-location/#provide-a-location-hint
   */
  readonly locationHint?: LocationHint | undefined
  /**
   * Called when KV failed and an owner answered instead. An error that it throws changes no answer. Default: `console.warn`, once per
   * kind of fault and isolate.
   */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

/**
 * Keeps entries in Durable Objects at Cloudflare's edge, with replicas in Workers KV. Each key has one owner, an object that decides and
 * writes it, so operations on a key are atomic and linearizable from anywhere, and an acknowledged write is durable. Reads may be
 * answered by a replica nearby; with `{ fresh: true }` or `reads: 'owner'` they are exact.
 *
 * Create it in the request, from its bindings; it holds nothing open. At module scope it works too: it keeps the order of calls within
 * each request, and no request waits for another. The calls of one turn of the event loop share one call to each owner, and each gets
 * its own result. A batch is atomic only per owner. `aincrVersion` is atomic with the default key function. Deadlines use the calling
 * Worker's clock (`createCache`'s `clock`).
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { CacheShard } from 'nearcache/cache-shard'
 * import { kvAdapter } from 'nearcache/kv'
 *
 * export { CacheShard }
 *
 * export default {
 *   async fetch(_request: Request, env: Env): Promise<Response> {
 *     const cache = createCache({ adapter: kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS }) })
 *     await cache.aadd('hits', 0, null)
 *     return Response.json({ hits: await cache.aincr('hits') })
 *   },
 * }
 * ```
 */
export function kvAdapter(options: KVAdapterOptions): Adapter {
  checkBag(options, KNOWN, 'kvAdapter')
  const { kv, shards, name = 'default', shardCount = 8, cacheTtl = 60, locationHint } = options
  const { reads = kv === undefined ? 'owner' : 'near', onFault = warnOnce } = options
  checkShards(shards)
  // `kv: undefined` is a binding of another name: without this check the cache would quietly promise less.
  if ('kv' in options) checkKV(kv)
  checkShared(name, cacheTtl)
  if (typeof onFault !== 'function') {
    throw new TypeError(`onFault must be a function: got ${describeType(onFault)}`)
  }
  checkInteger('shardCount', shardCount, 1, MAX_SHARDS)
  checkChoice(reads, ['near', 'owner'], 'kvAdapter', 'reads')
  if (reads === 'near' && kv === undefined) {
    throw new TypeError("reads: 'near' needs a KV namespace: { kv: env.CACHE_KV }")
  }
  const names = kv && kvNamesOf(shards, name, shardCount)
  const memory = kv && names && memoryOf(names.replicas, kv)
  const client = new ShardClient({ shards, name, shardCount, locationHint, memory })
  const replicas =
    reads === 'near' && kv && names && memory
      ? new ReplicaReader({
          kv,
          prefix: names.replicas,
          clearsKey: names.clears,
          cacheTtl,
          memory,
          client,
          onFault: guarded('onFault', onFault, undefined),
        })
      : undefined
  return new EdgeAdapter({
    supports: ownedSupports(kv !== undefined, replicas && cacheTtl),
    client,
    replicas,
    memory,
    blobs: new Blobs({ kv, prefix: names?.blobs ?? '', reserve: (blobs) => client.reserve(blobs) }),
    clearsKey: names?.clears,
  })
}

const KNOWN = ['kv', 'shards', 'name', 'shardCount', 'reads', 'cacheTtl', 'locationHint', 'onFault']

/** `aclear` calls every shard, and a request on the free plan may make at most 50 calls. */
const MAX_SHARDS = 32

function checkShards(shards: unknown): void {
  const { getByName, get, idFromName } = (shards ?? {}) as Partial<Record<string, unknown>>
  if (typeof (getByName ?? get) === 'function' && typeof idFromName === 'function') return
  throw new TypeError(
    'shards must be the Durable Object binding of CacheShard, { shards: env.CACHE_SHARDS }; for KV without Durable Objects ' +
      `use kvOnlyAdapter: got ${describeType(shards)}`,
  )
}

import type { Adapter } from '../../core/adapter.ts'
import { guarded } from '../../core/callbacks.ts'
import { describeType } from '../../core/expiry.ts'
import { checkBag, checkChoice } from '../../core/options.ts'
import { checkInteger, checkKV, checkShared } from './adapter-options.ts'
import { Blobs } from './blobs.ts'
import { EdgeAdapter } from './edge-adapter.ts'
import { warnOnce } from './faults.ts'
import { memoryOf } from './isolate-memories.ts'
import { kvNamesOf } from './kv-names.ts'
import { ownedSupports } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'
import { NearReader } from './near.ts'
import { Owners } from './owners.ts'
import type { AnyDurableObjectNamespace, CacheShardNamespace, LocationHint } from './shard-namespace.ts'

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
   * The Workers KV binding, for copies nearby and for values of more than 128 KiB: `env.CACHE_KV`. Without it every read is its
   * owner's, and a value has at most 1.9 MB.
   */
  readonly kv?: CacheKVNamespace
  /**
   * The Durable Object binding of `CacheShard`, the class of `nearcache/cache-shard`: `env.CACHE_SHARDS`. Without one, use
   * `kvOnlyAdapter`.
   */
  readonly shards: CacheShardNamespace | AnyDurableObjectNamespace
  /** Keeps caches on one binding apart. Default `'default'`; at most 400 bytes, percent-encoded. */
  readonly name?: string | undefined
  /**
   * Among how many objects the keys are shared out. Default 8. Part of the objects' names: another count is another,
   * empty cache. One object takes some 200 to 500 writes a second.
   * https://developers.cloudflare.com/durable-objects/platform/limits/
   */
  readonly shardCount?: number | undefined
  /**
   * `'near'` (default with `kv`): a copy in this location's KV answers, up to `supports.staleness` seconds behind writes
   * elsewhere; never for numbers, nor for what this isolate wrote. `'owner'`: always the owner, exact.
   */
  readonly reads?: 'near' | 'owner' | undefined
  /**
   * Seconds that a location keeps what it read from KV, and with it how stale a near read may be. Default 60, least 30.
   * https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter
   */
  readonly cacheTtl?: number | undefined
  /**
   * Where the objects are made, if not near whoever calls first. They never move.
   * https://developers.cloudflare.com/durable-objects/reference/data-location/#provide-a-location-hint
   */
  readonly locationHint?: LocationHint | undefined
  /**
   * Hears of KV failing where an owner answers instead. What it throws changes no answer. Default: `console.warn`, once per
   * kind of fault and isolate.
   */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

/**
 * Keeps entries at Cloudflare's edge, owned by Durable Objects: each key has one owner that reads, decides and writes
 * it in one turn, so every write on a key is linearizable from anywhere, and acknowledged means durable. Reads are answered
 * nearby, from copies that the owner keeps in Workers KV; with `{ fresh: true }`, or `reads: 'owner'`, they are exact.
 *
 * Make it where the bindings are; it holds nothing open. Made at module scope, it keeps the order of what each request asks for, and
 * no request waits for another. Operations of one turn of the event loop share one
 * call to each owner concerned, and each has an answer of its own.
 * Different keys are atomic together only when they have the same owner; `aincrVersion` has, with the default key function.
 * Deadlines are made and judged by the calling Worker's clock (`createCache`'s `clock`): as exact as clocks agree.
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
  const placement = { shards, name, shardCount, locationHint }
  const supports = ownedSupports(kv !== undefined, reads === 'near' ? cacheTtl : undefined)
  if (kv === undefined) {
    return new EdgeAdapter({
      supports,
      owners: new Owners(placement),
      nearby: undefined,
      memory: undefined,
      blobs: undefined,
      clearsKey: undefined,
    })
  }
  const { copies: prefix, clears: clearsKey, blobs: blobPrefix } = kvNamesOf(shards, name, shardCount)
  const memory = memoryOf(prefix, kv)
  const owners = new Owners({
    ...placement,
    onIncarnation: (shard, incarnation) => memory.noteIncarnation(shard, incarnation),
  })
  const reader = new NearReader({
    kv,
    prefix,
    clearsKey,
    cacheTtl,
    shardCount,
    memory,
    onFault: guarded('onFault', onFault, undefined),
  })
  const blobs = new Blobs({ kv, prefix: blobPrefix, reserve: (all) => owners.reserve(all) })
  const nearby = reads === 'near' ? { reader, prefix } : undefined
  return new EdgeAdapter({ supports, owners, nearby, memory, blobs, clearsKey })
}

const KNOWN = ['kv', 'shards', 'name', 'shardCount', 'reads', 'cacheTtl', 'locationHint', 'onFault']

/** `aclear` calls every shard, and a request on the free plan may make 50 calls. */
const MAX_SHARDS = 32

function checkShards(shards: unknown): void {
  const { getByName, get, idFromName } = (shards ?? {}) as Partial<Record<string, unknown>>
  if (typeof (getByName ?? get) === 'function' && typeof idFromName === 'function') return
  throw new TypeError(
    'shards must be the Durable Object binding of CacheShard, { shards: env.CACHE_SHARDS }; for KV without Durable Objects ' +
      `use kvOnlyAdapter: got ${describeType(shards)}`,
  )
}

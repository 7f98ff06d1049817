import { standForIsolate } from '../../adapters/kv/isolate-memories.ts'
import type {
  CacheKVNamespace,
  KVReadOptions,
  KVValueWithMetadata,
  KVWriteOptions,
} from '../../adapters/kv/namespace.ts'
import { Centre, type Version } from './centre.ts'
import { checkCacheTtl, checkKey, checkKeys, checkWrite, failure, type Method } from './checks.ts'

/** A call, as passed to {@link LaggingKVOptions.fail}. */
export interface KVCall {
  readonly method: Method
  readonly keys: readonly string[]
  readonly location: string
}

export interface LaggingKVOptions {
  /** Returns the time in epoch milliseconds. */
  readonly clock: () => number
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number
  /** The most seconds until another location can see a write. Default 10. */
  readonly visibility?: number | undefined
  /** How often, from 0 to 1, a location sees its own write at once. Default 0.9: "usually". */
  readonly ownWrites?: number | undefined
  /**
   * What happens to a second write of a key within one second: refused with 429 (default), silently lost, or
   * accepted. The first two were observed. https://developers.cloudflare.com/kv/platform/limits/
   */
  readonly overwrites?: 'refuse' | 'lose' | 'take' | undefined
  /**
   * Returns the status with which a call fails, if it should fail: 429, 500, 503. With `'lands'`, a write
   * fails but takes effect.
   */
  readonly fail?: ((call: KVCall) => number | 'lands' | undefined) | undefined
}

/** The operations that KV would bill. */
export interface KVBill {
  reads: number
  writes: number
  deletes: number
}

export interface LaggingKV {
  /**
   * Returns the namespace as seen from a location. Each call returns another handle, like that of another
   * isolate. All handles of one location share its cache.
   */
  at(location: string): CacheKVNamespace
  /** Removes a key everywhere. */
  lose(key: string): void
  readonly bill: Readonly<KVBill>
}

/**
 * Creates a test double of Workers KV that lags like the real one. Each location caches values and misses for
 * `cacheTtl`. Writes become visible elsewhere later. A key accepts one write a second. Time passes only with
 * the given clock. Cloudflare's simulator does none of this, so a read that is stale in production is fresh
 * there.
 *
 * https://developers.cloudflare.com/kv/concepts/how-kv-works/#consistency
 * @example
 * ```ts
 * import { laggingKV } from 'nearcache/testing'
 *
 * let now = 0
 * const kv = laggingKV({ clock: () => now, random: () => 0.5 })
 * const read = async (from: string) => (await kv.at(from).getWithMetadata('key', { type: 'text' })).value
 * await read('tokyo') // null
 * await kv.at('paris').put('key', 'value')
 * now += 30_000
 * await read('tokyo') // null: this location still caches the miss
 * now += 30_000
 * await read('tokyo') // 'value'
 * ```
 */
export function laggingKV(options: LaggingKVOptions): LaggingKV {
  const centre = new Centre()
  const bill: KVBill = { reads: 0, writes: 0, deletes: 0 }
  const locations = new Map<string, Map<string, Cached>>()
  return {
    bill,
    at(location) {
      let cache = locations.get(location)
      if (cache === undefined) {
        cache = new Map()
        locations.set(location, cache)
      }
      return standForIsolate(new Location(location, cache, centre, bill, options))
    },
    lose(key) {
      centre.forget(key)
      for (const cache of locations.values()) cache.delete(key)
    },
  }
}

/** A location's cached version of a key, or a cached miss. */
interface Cached {
  readonly version: Version | undefined
  readonly fetchedAt: number
}

class Location implements CacheKVNamespace {
  readonly #name: string
  readonly #cache: Map<string, Cached>
  readonly #centre: Centre
  readonly #bill: KVBill
  readonly #options: LaggingKVOptions

  constructor(
    name: string,
    cache: Map<string, Cached>,
    centre: Centre,
    bill: KVBill,
    options: LaggingKVOptions,
  ) {
    this.#name = name
    this.#cache = cache
    this.#centre = centre
    this.#bill = bill
    this.#options = options
  }

  getWithMetadata<M>(key: string, options: KVReadOptions<'text'>): Promise<KVValueWithMetadata<M>>
  getWithMetadata<M>(
    keys: string[],
    options: KVReadOptions<'text'>,
  ): Promise<Map<string, KVValueWithMetadata<M> | null>>
  async getWithMetadata<M>(
    asked: string | string[],
    { cacheTtl = DEFAULT_CACHE_TTL }: KVReadOptions<'text'>,
  ): Promise<KVValueWithMetadata<M> | Map<string, KVValueWithMetadata<M> | null>> {
    if (typeof asked === 'string') {
      this.#begin('GET', [asked], cacheTtl)
      return textOf<M>(this.#read(asked, cacheTtl)) ?? { value: null, metadata: null }
    }
    checkKeys(asked)
    const keys = [...new Set(asked)]
    this.#begin('GET_BULK', keys, cacheTtl)
    return new Map(keys.map((key) => [key, textOf<M>(this.#read(key, cacheTtl))]))
  }

  async get(
    key: string,
    { cacheTtl = DEFAULT_CACHE_TTL }: KVReadOptions<'arrayBuffer'>,
  ): Promise<ArrayBuffer | null> {
    this.#begin('GET', [key], cacheTtl)
    return this.#read(key, cacheTtl)?.data?.slice().buffer ?? null
  }

  async put(key: string, value: string | Uint8Array, options: KVWriteOptions = {}): Promise<void> {
    checkKey('PUT', key)
    const now = this.#options.clock()
    const data = typeof value === 'string' ? new TextEncoder().encode(value) : value.slice()
    const metadata = options.metadata === undefined ? undefined : JSON.stringify(options.metadata)
    checkWrite(data, metadata, options)
    this.#bill.writes += 1
    const { expirationTtl } = options
    const expiresAt = expirationTtl === undefined ? undefined : now + expirationTtl * 1000
    this.#write('PUT', key, data, metadata, expiresAt)
  }

  async delete(key: string): Promise<void> {
    checkKey('DELETE', key)
    this.#bill.deletes += 1
    this.#write('DELETE', key, undefined, undefined, undefined)
  }

  #begin(method: Method, keys: readonly string[], cacheTtl: number): void {
    for (const key of keys) checkKey(method, key)
    checkCacheTtl(method, cacheTtl)
    this.#bill.reads += keys.length
    const status = this.#options.fail?.({ method, keys, location: this.#name })
    if (typeof status === 'number') throw failure(method, status)
  }

  #read(key: string, cacheTtl: number): Version | undefined {
    const now = this.#options.clock()
    const cached = this.#cache.get(key)
    const isKept = cached !== undefined && now < cached.fetchedAt + cacheTtl * 1000
    const version = isKept ? cached.version : this.#centre.seenFrom(this.#name, key, now)
    if (!isKept) this.#cache.set(key, { version, fetchedAt: now })
    // An expired value is gone, even if it is cached.
    return version?.expiresAt !== undefined && version.expiresAt <= now ? undefined : version
  }

  #write(
    method: 'PUT' | 'DELETE',
    key: string,
    data: Uint8Array | undefined,
    metadata: string | undefined,
    expiresAt: number | undefined,
  ): void {
    const { clock, random, visibility = 10, ownWrites = 0.9, overwrites = 'refuse', fail } = this.#options
    const now = clock()
    const status = fail?.({ method, keys: [key], location: this.#name })
    if (typeof status === 'number') throw failure(method, status)
    const last = this.#centre.last(key)
    if (last !== undefined && now < last.writtenAt + 1_000 && overwrites !== 'take') {
      if (overwrites === 'refuse') throw failure(method, 429)
      return
    }
    const delays = new Map<string, number>()
    const version: Version = {
      data,
      metadata,
      expiresAt,
      writtenAt: now,
      visibleAt: (location) => {
        if (location === this.#name) return now
        const delay = delays.get(location) ?? random() * visibility * 1000
        delays.set(location, delay)
        return now + delay
      },
    }
    this.#centre.write(key, version)
    if (random() < ownWrites) this.#cache.set(key, { version, fetchedAt: now })
    if (status === 'lands') throw failure(method, 500)
  }
}

/** Seconds. https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter */
const DEFAULT_CACHE_TTL = 60

function textOf<M>(version: Version | undefined): KVValueWithMetadata<M> | null {
  if (version?.data === undefined) return null
  const { data, metadata } = version
  return {
    value: new TextDecoder().decode(data),
    metadata: metadata === undefined ? null : JSON.parse(metadata),
  }
}

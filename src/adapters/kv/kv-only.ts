import type { Adapter, Change, Entry, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import { type Commit, decideBatch } from '../../core/batch.ts'
import { Batcher, type Read } from '../../core/batcher.ts'
import { CacheError } from '../../core/errors.ts'
import { operationOf } from '../../core/operations.ts'
import { checkBag } from '../../core/options.ts'
import { checkKV, checkShared } from './adapter-options.ts'
import { decodeEntry, encodeWithin, JSON_TEXT } from './codec.ts'
import { kvBaseOf } from './kv-names.ts'
import { readMany } from './kv-reads.ts'
import { kvOnlySupports, MAX_BLOB_BYTES } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'
import { sizeInKV } from './payload-size.ts'
import type { Encoded, StoredEntry } from './protocol.ts'
import { entryOf, type ReplicaMetadata, replicaText } from './replicas.ts'

export interface KVOnlyAdapterOptions {
  /** The Workers KV binding: `env.CACHE_KV`. */
  readonly kv: CacheKVNamespace
  /** Keeps caches on one binding apart. Default `'default'`; at most 400 bytes, percent-encoded. */
  readonly name?: string | undefined
  /**
   * Seconds that a location caches what it read from KV, and so how stale a read may be. Default 60, at least 30.
   * https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter
   */
  readonly cacheTtl?: number | undefined
}

/**
 * Keeps entries in Workers KV, without Durable Objects. It has `aget`, `agetMany`, `ahasKey`, `attl`, `aset`, `asetMany`, `adelete`
 * and `adeleteMany`, as fresh as KV is. KV has no atomic operation, so all other methods reject with `UNSUPPORTED`; for those use
 * `kvAdapter`.
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { kvOnlyAdapter } from 'nearcache/kv'
 *
 * export default {
 *   async fetch(_request: Request, env: Env): Promise<Response> {
 *     const cache = createCache({ adapter: kvOnlyAdapter({ kv: env.CACHE_KV }) })
 *     await cache.aset('greeting', 'hello')
 *     return Response.json(await cache.aget('greeting')) // 'hello'
 *   },
 * }
 * ```
 */
export function kvOnlyAdapter(options: KVOnlyAdapterOptions): Adapter {
  checkBag(options, ['kv', 'name', 'cacheTtl'], 'kvOnlyAdapter')
  const { kv, name = 'default', cacheTtl = 60 } = options
  checkKV(kv)
  checkShared(name, cacheTtl)
  return new KVOnly({ kv, prefix: `${kvBaseOf(name)}/kv/`, cacheTtl })
}

interface Place {
  readonly kv: CacheKVNamespace
  /** What the KV keys begin with. */
  readonly prefix: string
  readonly cacheTtl: number
}

interface TimedRead extends Read {
  readonly now: number
}

class KVOnly implements Adapter {
  readonly name = 'kv'
  readonly supports: Supports
  readonly #place: Place
  readonly #batcher = new Batcher<TimedRead>({
    read: (reads) => this.#read(reads),
    commit: (commits) => this.#commit(commits),
  })

  constructor(place: Place) {
    this.#place = place
    this.supports = kvOnlySupports(place.prefix, place.cacheTtl)
  }

  read(keys: readonly string[], now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    return this.#batcher.read({ keys, wanted, now })
  }

  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    for (const { op } of changes) {
      const { isUnconditional, stores } = operationOf(op)
      // What leaves an entry behind that depends on the stored one needs an atomic operation.
      if (!isUnconditional || (stores && !('entry' in op))) throw unsupported(op.kind)
    }
    return this.#batcher.commit({ changes, now })
  }

  async clear(): Promise<void> {
    throw unsupported('clear')
  }

  async close(): Promise<void> {}

  async #read(reads: readonly TimedRead[]): Promise<(Entry | undefined)[][]> {
    const now = Math.max(...reads.map((read) => read.now))
    const found = await this.#find([...new Set(reads.flatMap(({ keys }) => keys))], now)
    return reads.map(({ keys, wanted }) =>
      keys.map((key) => {
        const entry = found.get(key)
        return entry === undefined || wanted === 'presence' ? entry : decodeEntry(entry)
      }),
    )
  }

  async #find(keys: readonly string[], now: number): Promise<Map<string, StoredEntry>> {
    const { kv, prefix, cacheTtl } = this.#place
    const names = keys.map((key) => prefix + key)
    const found = await readMany<ReplicaMetadata>(kv, names, cacheTtl)
    const entries = new Map<string, StoredEntry>()
    for (const [index, key] of keys.entries()) {
      const { value = null, metadata = null } = found[index] ?? {}
      const entry = entryOf(value, metadata, now)
      if (entry !== undefined) entries.set(key, entry)
    }
    return entries
  }

  /** Writes each key once, with what all changes of the batch leave of it: KV takes one write a second of a key. */
  async #commit(commits: readonly Commit[]): Promise<Promise<Outcome[]>[]> {
    const now = Math.max(...commits.map((commit) => commit.now))
    const prepared = commits.map(({ changes }) => changes.map(prepare))
    const changes = prepared.flat().map(({ change }) => change)
    // Only what stores no entry of its own reports whether there was one.
    const reported = changes.filter(({ op }) => !('entry' in op)).map(({ key }) => key)
    const stored = reported.length === 0 ? new Map<string, Entry>() : await this.#find(reported, now)
    const { outcomes, writes } = decideBatch(
      stored,
      prepared.map((ofCommit) => ({ now, changes: ofCommit.map(({ change }) => change) })),
    )
    // A key that is missing here may still exist elsewhere, so it is deleted all the same.
    const left = new Map([...changes.map(({ key }) => [key, undefined] as const), ...writes])
    const written = new Map(
      [...left].map(([key, entry]) => [key, this.#write(key, entry as EncodedEntry | undefined, now)]),
    )
    await Promise.allSettled(written.values())
    return prepared.map((ofCommit, at) =>
      Promise.all(
        ofCommit.map(async ({ change, refusal }, index) => {
          await written.get(change.key)
          return refusal ?? (outcomes[at]?.[index] as Outcome)
        }),
      ),
    )
  }

  #write(key: string, entry: EncodedEntry | undefined, now: number): Promise<void> {
    const { kv, prefix } = this.#place
    if (entry === undefined) return kv.delete(prefix + key)
    const { text, options } = replicaText(entry, { until: null, generation: 0, stamp: 0 }, now)
    return kv.put(prefix + key, text, options)
  }
}

type EncodedEntry = StoredEntry & { readonly value: Encoded }

interface Prepared {
  readonly change: Change
  readonly refusal?: Outcome
}

function prepare(change: Change): Prepared {
  const { key, op } = change
  if (!('entry' in op)) return { change }
  const encoded = encodeWithin(op.entry.value, MAX_BLOB_BYTES)
  const value: Encoded | undefined =
    typeof encoded === 'number' ? { format: JSON_TEXT, data: String(encoded) } : encoded
  if (value !== undefined && sizeInKV(value) <= MAX_BLOB_BYTES) {
    return { change: { key, op: { ...op, entry: { ...op.entry, value } } } }
  }
  // An entry that has expired is not stored, and takes the old value with it: nobody may read what its writer tried to replace.
  const expired: Entry = { value: 0, expiresAt: Number.NEGATIVE_INFINITY }
  return { change: { key, op: { ...op, entry: expired } }, refusal: { ok: false, reason: 'too-large' } }
}

function unsupported(operation: string): CacheError {
  return new CacheError(
    'UNSUPPORTED',
    `kvOnlyAdapter cannot do this (${operation}): Workers KV has no atomic operations. Bind the Durable Object class CacheShard and ` +
      'use kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS })',
  )
}

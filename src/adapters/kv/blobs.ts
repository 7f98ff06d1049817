import { type BlobPointer, blobOf, pointTo } from './blob-pointer.ts'
import { isInBytes } from './codec.ts'
import { withCacheTtl } from './kv-reads.ts'
import { KV_PROPAGATION_MS, MIN_CACHE_TTL } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'
import { sizeOf } from './payload-size.ts'
import type { Encoded, Reserved, StoredEntry } from './protocol.ts'
import { NEVER, secondsInKV } from './replicas.ts'
import { settledValue } from './shard-client.ts'

export interface BlobsOptions {
  /** Without it, no value can be stored as a blob, and none can be read. */
  readonly kv: CacheKVNamespace | undefined
  /** The prefix of the KV keys of blobs. */
  readonly prefix: string
  /** Announces blobs that KV will not drop by itself to their owners, before they are written. */
  readonly reserve: (blobs: readonly Reserved[]) => Promise<readonly PromiseSettledResult<unknown>[]>
}

interface Gathered {
  readonly blobs: Reserved[]
  readonly done: Promise<readonly PromiseSettledResult<unknown>[]>
}

/**
 * Large values in KV. Each is written once under a unique name, so that neither stale reads nor KV's limit of one write a second for a
 * key matter. KV drops it a while after its entry's deadline; one without a deadline is deleted by the owner's sweep.
 */
export class Blobs {
  readonly #options: BlobsOptions
  /** The reservations of one turn of the event loop, sent together. */
  #gathered: Gathered | undefined

  constructor(options: BlobsOptions) {
    this.#options = options
  }

  get isAvailable(): boolean {
    return this.#options.kv !== undefined
  }

  /** Writes a value, and returns the pointer to store in its place. */
  async put(key: string, value: Encoded, expiresAt: number | null, now: number): Promise<Encoded> {
    const name = this.#options.prefix + crypto.randomUUID()
    const expirationTtl = secondsInKV((expiresAt ?? NEVER) + BLOB_GRACE_MS, now)
    if (expirationTtl === undefined) await this.#reserve({ name, key })
    await this.#kv.put(name, value.data, expirationTtl === undefined ? {} : { expirationTtl })
    const until = expirationTtl === undefined ? null : now + expirationTtl * 1000 - BLOB_GRACE_MS
    return pointTo({ name, format: value.format, bytes: sizeOf(value), until, at: now })
  }

  async #reserve(blob: Reserved): Promise<void> {
    this.#gathered ??= this.#gather()
    const { blobs, done } = this.#gathered
    const place = blobs.push(blob) - 1
    settledValue((await done)[place])
  }

  #gather(): Gathered {
    const blobs: Reserved[] = []
    const done = Promise.resolve().then(() => {
      this.#gathered = undefined
      return this.#options.reserve(blobs)
    })
    return { blobs, done }
  }

  /**
   * The entry with its value in place of a pointer; `undefined` if the blob is lost.
   *
   * @throws If the blob was written so recently that it may not be visible here yet.
   */
  async follow(entry: StoredEntry, now: number): Promise<StoredEntry | undefined> {
    const blob = blobOf(entry)
    if (blob === undefined) return entry
    const data = await this.#get(blob, now)
    return data === undefined ? undefined : { ...entry, value: { format: blob.format, data } }
  }

  get #kv(): CacheKVNamespace {
    const { kv } = this.#options
    if (kv === undefined) throw new Error(NO_KV)
    return kv
  }

  async #get({ name, format, at }: BlobPointer, now: number): Promise<string | Uint8Array | undefined> {
    const kv = this.#kv
    const isYoung = now < at + KV_PROPAGATION_MS
    // A location also caches misses: only briefly while the blob may still become visible.
    const cacheTtl = isYoung ? MIN_CACHE_TTL : BLOB_CACHE_TTL
    const buffer = await withCacheTtl(kv, cacheTtl, (seconds) =>
      kv.get(name, { type: 'arrayBuffer', cacheTtl: seconds }),
    )
    if (buffer === null) {
      if (isYoung)
        throw new Error('A large value was written a moment ago and is not visible here yet: try again')
      return undefined
    }
    const bytes = new Uint8Array(buffer)
    return isInBytes(format)
      ? bytes
      : new TextDecoder('utf-8', { ignoreBOM: true, fatal: false }).decode(bytes)
  }
}

const NO_KV = 'The value is in KV, and kvAdapter was given no KV binding: { kv: env.CACHE_KV }'

/** How long a blob outlives its entry, for readers who got the pointer just before. */
const BLOB_GRACE_MS = 60_000
/** Seconds. A blob never changes. */
const BLOB_CACHE_TTL = 86_400

import { type BlobPointer, blobOf, pointTo } from './blob-pointer.ts'
import { withCacheTtl } from './cache-ttl.ts'
import { type Encoded, isInBytes, sizeOf } from './codec.ts'
import { NEVER, secondsInKV } from './copies.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { Reserved, StoredEntry } from './protocol.ts'
import { given } from './stored-entry.ts'

export interface BlobsOptions {
  readonly kv: CacheKVNamespace
  /** What the KV keys of blobs begin with. */
  readonly prefix: string
  /** Makes blobs known that KV will not drop by itself, before there are any. */
  readonly reserve: (blobs: readonly Reserved[]) => Promise<readonly PromiseSettledResult<unknown>[]>
}

interface Gathered {
  readonly blobs: Reserved[]
  readonly done: Promise<readonly PromiseSettledResult<unknown>[]>
}

/**
 * Large values, in KV. Each is written once under a name of its own and never again, so that neither KV's lag nor its one
 * write a second can concern it. It is dropped a while after its entry's deadline; without one, by the owner's sweep.
 */
export class Blobs {
  readonly #options: BlobsOptions
  /** What is to be made known, for all who ask in one turn. */
  #gathered: Gathered | undefined

  constructor(options: BlobsOptions) {
    this.#options = options
  }

  /** Writes a value, and gives what is to stand in the entry for it. */
  async put(key: string, value: Encoded, expiresAt: number | null, now: number): Promise<Encoded> {
    const { kv, prefix } = this.#options
    const name = prefix + crypto.randomUUID()
    const expirationTtl = secondsInKV((expiresAt ?? NEVER) + AFTERLIFE, now)
    if (expirationTtl === undefined) await this.#reserve({ name, key })
    await kv.put(name, value.data, expirationTtl === undefined ? {} : { expirationTtl })
    const until = expirationTtl === undefined ? null : now + expirationTtl * 1000 - AFTERLIFE
    return pointTo({ name, format: value.format, bytes: sizeOf(value), until, at: now })
  }

  async #reserve(blob: Reserved): Promise<void> {
    this.#gathered ??= this.#gather()
    const { blobs, done } = this.#gathered
    const place = blobs.push(blob) - 1
    given((await done)[place])
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
   * What an entry points to; the value itself if it points to nothing; `undefined` if the blob is lost.
   * @throws If it is too young to be lost, and not visible here yet.
   */
  async follow(entry: StoredEntry, now: number): Promise<StoredEntry | undefined> {
    const blob = blobOf(entry)
    if (blob === undefined) return entry
    const data = await this.#get(blob, now)
    return data === undefined ? undefined : { ...entry, value: { format: blob.format, data } }
  }

  async #get({ name, format, at }: BlobPointer, now: number): Promise<string | Uint8Array | undefined> {
    const { kv } = this.#options
    const isYoung = now < at + SETTLED
    // A location keeps also that there was nothing: not for long where there may be something soon.
    const cacheTtl = isYoung ? LEAST_CACHE_TTL : LONG_CACHE_TTL
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

/** Milliseconds that a blob outlives its entry, for those who were told of it just before. */
const AFTERLIFE = 60_000
/** Milliseconds after which a write is visible everywhere, by far. */
const SETTLED = 600_000
/** Seconds. https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter */
const LEAST_CACHE_TTL = 30
const LONG_CACHE_TTL = 86_400

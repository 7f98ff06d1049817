import type { Supports } from '../../core/adapter.ts'

/**
 * The longest key, with its prefix and version, in UTF-8 bytes: KV's own limit.
 * https://developers.cloudflare.com/kv/platform/limits/
 */
export const MAX_KEY_BYTES = 512

/**
 * The largest encoded value in a row. SQLite in a Durable Object takes 2 MB with the key, which the local simulator does not enforce.
 * https://developers.cloudflare.com/durable-objects/platform/limits/
 */
export const MAX_ROW_BYTES = 1_900_000

/** The largest encoded value in a row where there is KV. Larger values are blobs. */
export const MAX_INLINE_BYTES: number = 128 * 2 ** 10

/** The largest value in KV. https://developers.cloudflare.com/kv/platform/limits/ */
export const MAX_BLOB_BYTES: number = 25 * 2 ** 20

/**
 * The most that one call to an owner carries, half of the platform's limit.
 * https://developers.cloudflare.com/workers/runtime-apis/rpc/#limitations
 */
export const MAX_CALL_BYTES: number = 16 * 2 ** 20

/** The most keys that KV reads in one call. https://developers.cloudflare.com/kv/api/read-key-value-pairs/ */
export const MAX_BULK_KEYS = 100

/** Seconds. https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter */
export const MIN_CACHE_TTL = 30

/** From a change to the write of its replica, which collects other changes and respects KV's limit of one write a second. */
export const PUBLISH_DELAY_MS = 1_000

/** How long a replica is kept up to date after a reader missed it. */
export const REPLICA_LIFETIME_MS = 3_600_000

/** By how much the clocks of two machines may differ. */
export const CLOCK_SKEW_MS = 60_000

/** After this time a write to KV has reached every location. KV itself speaks of 60 seconds "or more". */
export const KV_PROPAGATION_MS = 600_000

/** A claim of a load lapses after this time, unless it is renewed. */
export const CLAIM_LEASE_MS = 5_000

/** How often whoever loads renews its claim. */
export const CLAIM_RENEWAL_MS = 2_000

/** How long one call waits at the owner while someone else loads the key. */
export const MAX_WAIT_MS = 20_000

/** After this time no replica from before a clear is left: it is longer than REPLICA_LIFETIME_MS. */
export const CLEAR_RETENTION_MS = 7_200_000

const OWNED: Supports = {
  atomic: true,
  // A batch may have several owners.
  atomicBatch: false,
  readYourWrites: true,
  staleness: 0,
  sharedLoads: true,
  tags: true,
  listing: true,
  persistent: true,
  values: 'fresh',
  maxKeyBytes: MAX_KEY_BYTES,
  maxValueBytes: MAX_ROW_BYTES,
}

/** `cacheTtl` if reads may be answered by replicas. */
export function ownedSupports(hasKV: boolean, cacheTtl: number | undefined): Supports {
  return {
    ...OWNED,
    staleness: cacheTtl === undefined ? 0 : PUBLISH_DELAY_MS / 1000 + cacheTtl,
    maxValueBytes: hasKV ? MAX_BLOB_BYTES : MAX_ROW_BYTES,
  }
}

/** https://developers.cloudflare.com/kv/concepts/how-kv-works/#consistency */
export function kvOnlySupports(prefix: string, cacheTtl: number): Supports {
  return {
    ...OWNED,
    atomic: false,
    readYourWrites: false,
    sharedLoads: false,
    tags: false,
    listing: false,
    staleness: cacheTtl,
    maxKeyBytes: MAX_KEY_BYTES - new TextEncoder().encode(prefix).length,
    maxValueBytes: MAX_BLOB_BYTES,
  }
}

import type { Supports } from '../../core/adapter.ts'

/**
 * The longest key, with its prefix and version, in UTF-8 bytes: KV's own limit.
 * https://developers.cloudflare.com/kv/platform/limits/
 */
export const MAX_KEY_BYTES = 512

/**
 * The largest encoded value in an owner's row. SQLite in a Durable Object takes 2 MB with the key; the local simulator does
 * not enforce that, so this does. https://developers.cloudflare.com/durable-objects/platform/limits/
 */
export const MAX_ROW_BYTES = 1_900_000

/** With KV at hand, the largest that stands in a row: an owner's memory and calls are for many. The larger are blobs. */
export const MAX_INLINE_BYTES: number = 128 * 2 ** 10

/** The largest value in KV. https://developers.cloudflare.com/kv/platform/limits/ */
export const MAX_BLOB_BYTES: number = 25 * 2 ** 20

/**
 * About the most that one call to an owner carries: half of what the platform lets through.
 * https://developers.cloudflare.com/workers/runtime-apis/rpc/#limitations
 */
export const MAX_CALL_BYTES: number = 16 * 2 ** 20

/** Keys that KV reads in one call. https://developers.cloudflare.com/kv/api/read-key-value-pairs/ */
export const MAX_BULK_KEYS = 100

/** Seconds. https://developers.cloudflare.com/kv/api/read-key-value-pairs/#cachettl-parameter */
export const MIN_CACHE_TTL = 30

/** Milliseconds from a change to its copy's renewal, which gathers others, and keeps to KV's one write a second. */
export const GATHER = 1_000

/** Milliseconds that a copy is kept up after a reader missed it. */
export const KEPT_UP = 3_600_000

/** Milliseconds by which readers' clocks may be behind: for as long a copy that has lapsed may still be read. */
export const CLOCKS = 60_000

const OWNED: Supports = {
  atomic: true,
  // Per owner only, and a batch may have many.
  atomicBatch: false,
  readYourWrites: true,
  staleness: 0,
  persistent: true,
  values: 'fresh',
  maxKeyBytes: MAX_KEY_BYTES,
  maxValueBytes: MAX_ROW_BYTES,
}

/** What owners promise; with reads that may be answered by a copy, and with large values in KV. */
export function ownedSupports(hasKV: boolean, cacheTtl: number | undefined): Supports {
  return {
    ...OWNED,
    staleness: cacheTtl === undefined ? 0 : GATHER / 1000 + cacheTtl,
    maxValueBytes: hasKV ? MAX_BLOB_BYTES : MAX_ROW_BYTES,
  }
}

/** What KV promises by itself. https://developers.cloudflare.com/kv/concepts/how-kv-works/#consistency */
export function kvOnlySupports(prefix: string, cacheTtl: number): Supports {
  return {
    ...OWNED,
    atomic: false,
    readYourWrites: false,
    staleness: cacheTtl,
    maxKeyBytes: MAX_KEY_BYTES - new TextEncoder().encode(prefix).length,
    maxValueBytes: MAX_BLOB_BYTES,
  }
}

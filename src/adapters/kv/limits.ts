import type { Supports } from '../../core/adapter.ts'

/**
 * The longest key, with its prefix and version, in UTF-8 bytes: KV's own limit, so that every key may have a copy in KV.
 * https://developers.cloudflare.com/kv/platform/limits/
 */
export const MAX_KEY_BYTES = 512

/**
 * The largest encoded value. A SQLite row in a Durable Object holds 2 MB with its key; the local simulator does not
 * enforce that, so this does. https://developers.cloudflare.com/durable-objects/platform/limits/
 */
export const MAX_VALUE_BYTES = 1_900_000

/**
 * About the most that one call to an owner carries: half of what the platform lets through.
 * https://developers.cloudflare.com/workers/runtime-apis/rpc/#limitations
 */
export const MAX_CALL_BYTES: number = 16 * 2 ** 20

export const SUPPORTS: Supports = {
  atomic: true,
  // Per owner only, and a batch may have many.
  atomicBatch: false,
  readYourWrites: true,
  staleness: 0,
  persistent: true,
  values: 'fresh',
  maxKeyBytes: MAX_KEY_BYTES,
  maxValueBytes: MAX_VALUE_BYTES,
}

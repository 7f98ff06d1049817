import { describeType } from '../../core/expiry.ts'
import { MIN_CACHE_TTL } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'

/** Checks the options that `kvAdapter` and `kvOnlyAdapter` share. */
export function checkShared(name: string, cacheTtl: number): void {
  const nameBytes = encodeURIComponent(name).length
  if (nameBytes > MAX_NAME_BYTES) {
    throw new RangeError(`name must have at most ${MAX_NAME_BYTES} bytes: got ${nameBytes}`)
  }
  checkInteger('cacheTtl', cacheTtl, MIN_CACHE_TTL, MAX_CACHE_TTL)
}

export function checkKV(kv: CacheKVNamespace | undefined): void {
  if (typeof kv?.getWithMetadata !== 'function') {
    throw new TypeError(`kv must be a Workers KV binding, { kv: env.CACHE_KV }: got ${describeType(kv)}`)
  }
}

export function checkInteger(name: string, given: number, least: number, most: number): void {
  if (!Number.isInteger(given) || given < least || given > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}: got ${String(given)}`)
  }
}

/** Leaves room for the rest of a KV key, which has at most 512 bytes. */
const MAX_NAME_BYTES = 400
/** KV reads it as a signed 32-bit integer. */
const MAX_CACHE_TTL = 2 ** 31 - 1

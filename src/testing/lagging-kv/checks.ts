import type { KVWriteOptions } from '../../adapters/kv/namespace.ts'

/** The limits of Workers KV. https://developers.cloudflare.com/kv/platform/limits/ */
const MAX_KEY_BYTES = 512
const MAX_VALUE_BYTES = 25 * 2 ** 20
const MAX_METADATA_BYTES = 1_024
const MAX_BULK_KEYS = 100
/** Seconds. */
const MIN_CACHE_TTL = 30
const MIN_TTL = 60
const MAX_INT32 = 2 ** 31 - 1

export type Method = 'GET' | 'GET_BULK' | 'PUT' | 'DELETE'

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** An error like those of the KV binding. Only its text identifies it. */
export function failure(
  method: Method,
  status: number,
  detail: string = REASONS[status] ?? 'Unknown',
): Error {
  return new Error(`KV ${method} failed: ${status} ${detail}`)
}

export function checkKey(method: Method, key: string): void {
  if (key === '') throw new TypeError('Key name cannot be empty.')
  if (key === '.' || key === '..') throw new TypeError(`"${key}" is not allowed as a key name.`)
  const bytes = bytesOf(key)
  if (bytes > MAX_KEY_BYTES) {
    throw failure(
      method,
      414,
      `UTF-8 encoded length of ${bytes} exceeds key length limit of ${MAX_KEY_BYTES}.`,
    )
  }
}

export function checkKeys(keys: readonly string[]): void {
  if (keys.length === 0) throw failure('GET_BULK', 400, 'You must request a minimum of 1 key')
  if (keys.length > MAX_BULK_KEYS) {
    throw failure('GET_BULK', 400, `You can request a maximum of ${MAX_BULK_KEYS} keys`)
  }
  for (const key of keys) checkKey('GET_BULK', key)
}

export function checkCacheTtl(method: Method, cacheTtl: number): void {
  if (!Number.isInteger(cacheTtl) || cacheTtl < MIN_CACHE_TTL) {
    throw failure(
      method,
      400,
      `Invalid cache_ttl of ${cacheTtl}. Cache TTL must be at least ${MIN_CACHE_TTL}.`,
    )
  }
}

export function checkWrite(value: Uint8Array, metadata: string | undefined, options: KVWriteOptions): void {
  const { expirationTtl } = options
  // The binding converts its arguments before it calls KV.
  if (expirationTtl !== undefined && expirationTtl > MAX_INT32) {
    throw new TypeError(`Value out of range. Must be between ${-MAX_INT32 - 1} and ${MAX_INT32} (inclusive).`)
  }
  if (expirationTtl !== undefined && !(expirationTtl >= MIN_TTL)) {
    throw failure(
      'PUT',
      400,
      `Invalid expiration_ttl of ${expirationTtl}. Expiration TTL must be at least ${MIN_TTL}.`,
    )
  }
  if (value.length > MAX_VALUE_BYTES) {
    throw failure('PUT', 413, `Value length of ${value.length} exceeds limit of ${MAX_VALUE_BYTES}.`)
  }
  const metadataBytes = metadata === undefined ? 0 : bytesOf(metadata)
  if (metadataBytes > MAX_METADATA_BYTES) {
    throw failure('PUT', 413, `Metadata length of ${metadataBytes} exceeds limit of ${MAX_METADATA_BYTES}.`)
  }
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

import { isOpen } from '../../core/operations.ts'
import { isInBytes } from './codec.ts'
import { MAX_KEY_BYTES } from './limits.ts'
import type { KVWriteOptions } from './namespace.ts'
import type { Encoded, StoredEntry } from './protocol.ts'

/**
 * The KV metadata of a replica, at most 1,024 bytes. The KV value is the encoded value alone, so that other tools can read plain JSON.
 * https://developers.cloudflare.com/kv/platform/limits/
 */
export interface ReplicaMetadata {
  /** The version of this form. */
  readonly nearcache: 1
  readonly format: string
  readonly expiresAt: number | null
  /** Epoch milliseconds until which the owner keeps the replica up to date; `null` without an owner. */
  readonly until: number | null
  /** The last clear that the owner knew of when the entry was stored. A later one of its scope invalidates the replica. */
  readonly generation: number
  /** Compared with {@link CommitReply.stamp}. */
  readonly stamp: number
  /** The storage of the owner that wrote it: {@link Reply.incarnation}. */
  readonly incarnation?: string
}

export interface KVText {
  readonly text: string
  readonly options: KVWriteOptions
}

/** The KV value and options of a replica. */
export function replicaText(
  { value, expiresAt }: StoredEntry & { readonly value: Encoded },
  about: Pick<ReplicaMetadata, 'until' | 'generation' | 'stamp' | 'incarnation'>,
  now: number,
): KVText {
  const metadata: ReplicaMetadata = { nearcache: 1, format: value.format, expiresAt, ...about }
  const expirationTtl = secondsInKV(Math.min(about.until ?? NEVER, expiresAt ?? NEVER), now)
  return {
    text: textOf(value),
    options: expirationTtl === undefined ? { metadata } : { metadata, expirationTtl },
  }
}

/** The entry of a replica; `undefined` if it has lapsed, expired or is none of ours. */
export function entryOf(
  text: string | null,
  metadata: ReplicaMetadata | null,
  now: number,
): StoredEntry | undefined {
  if (text === null || metadata?.nearcache !== 1 || typeof metadata.format !== 'string') return undefined
  const { format, expiresAt, until } = metadata
  if (!isOpen(expiresAt, now) || !isOpen(until, now)) return undefined
  const data = isInBytes(format) ? bytesIn(text) : text
  return data === undefined ? undefined : { value: { format, data }, expiresAt }
}

/**
 * The seconds after which KV may drop a key with this deadline; `undefined` if the deadline is beyond what KV takes. A time span does
 * not depend on KV's clock. The deadline in the metadata is the exact one.
 */
export function secondsInKV(deadline: number, now: number): number | undefined {
  const seconds = Math.max(Math.ceil((deadline - now) / 1000) + 1, MIN_TTL)
  return now / 1000 + seconds > MAX_EXPIRATION ? undefined : seconds
}

/** The deadline of an entry that never expires. */
export const NEVER: number = Number.POSITIVE_INFINITY
/** The largest 32-bit number of epoch seconds, in January 2038. */
const MAX_EXPIRATION = 2 ** 31 - 1
/** Seconds. https://developers.cloudflare.com/kv/api/write-key-value-pairs/#expiring-keys */
const MIN_TTL = 60

/** Bytes are stored as base64, because KV reads many keys at once only as text. */
function textOf({ data }: Encoded): string {
  if (typeof data === 'string') return data
  let binary = ''
  for (let at = 0; at < data.length; at += MAX_ARGUMENTS) {
    binary += String.fromCharCode(...data.subarray(at, at + MAX_ARGUMENTS))
  }
  return btoa(binary)
}

/** Far below the number of arguments that any engine takes. */
const MAX_ARGUMENTS = 8_192

function bytesIn(base64: string): Uint8Array | undefined {
  let binary: string
  try {
    binary = atob(base64)
  } catch {
    // Not base64, so not written by an owner.
    return undefined
  }
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}

/** True if the key is short enough for KV. A longer one has no replica. */
export function fitsKV(prefix: string, key: string): boolean {
  const length = prefix.length + key.length
  if (length * 3 <= MAX_KEY_BYTES) return true
  return length <= MAX_KEY_BYTES && new TextEncoder().encode(prefix + key).length <= MAX_KEY_BYTES
}

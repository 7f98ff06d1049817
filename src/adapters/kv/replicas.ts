import type { Metadata } from '../../core/adapter.ts'
import { isOpen, keptUntil, staleUntil } from '../../core/operations.ts'
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
  /** Tags, stale windows and age of the entry, if it has any. */
  readonly metadata?: Metadata
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
  entry: StoredEntry & { readonly value: Encoded },
  about: Pick<ReplicaMetadata, 'until' | 'generation' | 'stamp' | 'incarnation'>,
  now: number,
): KVText {
  const { value, expiresAt } = entry
  const known = entry.metadata === undefined ? {} : { metadata: entry.metadata }
  const metadata: ReplicaMetadata = { nearcache: 1, format: value.format, expiresAt, ...known, ...about }
  const expirationTtl = secondsInKV(Math.min(about.until ?? NEVER, keptUntil(entry) ?? NEVER), now)
  return {
    text: textOf(value),
    options: expirationTtl === undefined ? { metadata } : { metadata, expirationTtl },
  }
}

/** True if the tags of the entry leave space for the rest of the KV metadata. Otherwise it has no replica. */
export function fitsMetadata({ metadata }: StoredEntry): boolean {
  if (metadata?.tags === undefined) return true
  return (
    new TextEncoder().encode(JSON.stringify(metadata)).length <= MAX_METADATA_BYTES - OTHER_METADATA_BYTES
  )
}

/** https://developers.cloudflare.com/kv/platform/limits/ */
const MAX_METADATA_BYTES = 1_024
/** The most that all but the tags, stale windows and age take. */
const OTHER_METADATA_BYTES = 224

/** The entry of a replica, stale ones included; `undefined` if it has lapsed, is gone or is none of ours. */
export function entryOf(
  text: string | null,
  metadata: ReplicaMetadata | null,
  now: number,
): StoredEntry | undefined {
  if (text === null || metadata?.nearcache !== 1 || typeof metadata.format !== 'string') return undefined
  const { format, expiresAt, until } = metadata
  const data = isInBytes(format) ? bytesIn(text) : text
  if (data === undefined) return undefined
  const value = { format, data }
  const known = metadata.metadata
  const entry = known === undefined ? { value, expiresAt } : { value, expiresAt, metadata: known }
  return isOpen(staleUntil(entry), now) && isOpen(until, now) ? entry : undefined
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

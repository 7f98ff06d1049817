import { isOpen } from '../../core/liveness.ts'
import { type Encoded, isInBytes, sizeOf } from './codec.ts'
import { MAX_KEY_BYTES } from './limits.ts'
import type { KVWriteOptions } from './namespace.ts'
import type { StoredEntry } from './protocol.ts'

/**
 * What is told of a value in KV, in its metadata: the value itself stays as it is encoded, so that plain JSON is readable by
 * other tools. KV takes 1,024 bytes of it. https://developers.cloudflare.com/kv/platform/limits/
 */
export interface CopyMetadata {
  /** The version of this form: another one is no copy. */
  readonly nearcache: 1
  readonly format: string
  readonly expiresAt: number | null
  /** Epoch milliseconds to which an owner keeps the copy up, after which it says nothing; `null` where there is no owner. */
  readonly until: number | null
  /** The last clear that its owner knew of when the entry was put: a later one of its scope is the end of both. */
  readonly generation: number
  /** When its owner read the value, by {@link CommitReply.stamp}. */
  readonly stamp: number
  /** The storage of the owner that wrote it, by {@link ReadReply.incarnation}. */
  readonly incarnation?: string
}

export interface KVText {
  readonly text: string
  readonly options: KVWriteOptions
}

/** A copy of an entry, as it is put into KV. */
export function copyText(
  { value, expiresAt }: StoredEntry & { readonly value: Encoded },
  about: Pick<CopyMetadata, 'until' | 'generation' | 'stamp' | 'incarnation'>,
  now: number,
): KVText {
  const metadata: CopyMetadata = { nearcache: 1, format: value.format, expiresAt, ...about }
  const expirationTtl = secondsInKV(Math.min(about.until ?? NEVER, expiresAt ?? NEVER), now)
  return {
    text: textOf(value),
    options: expirationTtl === undefined ? { metadata } : { metadata, expirationTtl },
  }
}

/** The entry that a copy is of, if it says anything at `now`. */
export function entryOf(
  text: string | null,
  metadata: CopyMetadata | null,
  now: number,
): StoredEntry | undefined {
  if (text === null || metadata?.nearcache !== 1 || typeof metadata.format !== 'string') return undefined
  const { format, expiresAt, until } = metadata
  if (!isOpen(expiresAt, now) || !isOpen(until, now)) return undefined
  const data = isInBytes(format) ? bytesIn(text) : text
  return data === undefined ? undefined : { value: { format, data }, expiresAt }
}

/**
 * For how many seconds KV is to keep what has this deadline; `undefined` if it cannot be told to drop it. A time span, since
 * `deadline` and `now` are of the caller's clock, and KV's may be another. Our own deadline is exact; this is for collection.
 */
export function secondsInKV(deadline: number, now: number): number | undefined {
  const seconds = Math.max(Math.ceil((deadline - now) / 1000) + 1, MIN_TTL)
  return now / 1000 + seconds > MAX_EXPIRATION ? undefined : seconds
}

/** The deadline of what has none. */
export const NEVER: number = Number.POSITIVE_INFINITY
/** Epoch seconds, as far as 32 bits go: in January 2038. */
const MAX_EXPIRATION = 2 ** 31 - 1
/** Seconds. https://developers.cloudflare.com/kv/api/write-key-value-pairs/#expiring-keys */
const MIN_TTL = 60

/** Bytes are base64: KV reads many at once only as text. */
function textOf({ data }: Encoded): string {
  if (typeof data === 'string') return data
  let binary = ''
  for (let at = 0; at < data.length; at += PORTION) {
    binary += String.fromCharCode(...data.subarray(at, at + PORTION))
  }
  return btoa(binary)
}

/** What a value takes in KV. */
export function textBytes(value: Encoded): number {
  return typeof value.data === 'string' ? sizeOf(value) : Math.ceil(value.data.length / 3) * 4
}

/** Arguments that one call may have, by far. */
const PORTION = 8_192

function bytesIn(base64: string): Uint8Array | undefined {
  let binary: string
  try {
    binary = atob(base64)
  } catch {
    // Not ours: as good as an unknown format.
    return undefined
  }
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}

/** Whether KV can take a key: what cannot have a copy is always read at its owner. */
export function fits(prefix: string, key: string): boolean {
  const length = prefix.length + key.length
  if (length * 3 <= MAX_KEY_BYTES) return true
  return length <= MAX_KEY_BYTES && new TextEncoder().encode(prefix + key).length <= MAX_KEY_BYTES
}

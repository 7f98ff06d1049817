import type { Entry, Metadata } from './adapter.ts'
import type { Timeout } from './expiry.ts'
import { isLive, isOpen } from './operations.ts'
import type { FreshnessOptions } from './options.ts'

/** What a new entry carries in addition to its deadline; `undefined` if nothing, as for most entries. */
export function metadataOf(
  { staleWhileRevalidate, staleIfError, tags, keepAge = false }: FreshnessOptions,
  storedAt: number,
  loadMs?: number,
): Metadata | undefined {
  const staleWhileRevalidateMs = windowOf(staleWhileRevalidate)
  const staleIfErrorMs = windowOf(staleIfError)
  const hasTags = tags !== undefined && tags.length > 0
  const hasWindow = staleWhileRevalidateMs !== undefined || staleIfErrorMs !== undefined
  if (!hasWindow && !hasTags && !keepAge && loadMs === undefined) return undefined
  return {
    storedAt,
    ...(loadMs !== undefined && { loadMs }),
    ...(staleWhileRevalidateMs !== undefined && { staleWhileRevalidateMs }),
    ...(staleIfErrorMs !== undefined && { staleIfErrorMs }),
    ...(hasTags && { tags: [...new Set(tags)] }),
  }
}

/** A window in milliseconds; `null` without end, `undefined` if there is none. */
function windowOf(seconds: Timeout | undefined): number | null | undefined {
  if (seconds === undefined || seconds === null) return seconds
  return seconds > 0 ? Math.max(1, Math.round(seconds * 1000)) : undefined
}

/** True if the entry has expired, and `agetOrSet` may return it while it loads a new value. RFC 5861, section 3. */
export function isStaleWhileRevalidate(entry: Entry, now: number): boolean {
  return isWithin(entry, entry.metadata?.staleWhileRevalidateMs, now)
}

/** True if the entry has expired, and `agetOrSet` may return it if a load fails. RFC 5861, section 4. */
export function isStaleIfError(entry: Entry, now: number): boolean {
  return isWithin(entry, entry.metadata?.staleIfErrorMs, now) || isStaleWhileRevalidate(entry, now)
}

function isWithin(entry: Entry, window: number | null | undefined, now: number): boolean {
  const { expiresAt } = entry
  if (window === undefined || expiresAt === null || isLive(entry, now)) return false
  return window === null || isOpen(expiresAt + window, now)
}

/**
 * XFetch: true if this reader should load a new value before the old one expires. The probability rises as
 * the deadline comes near, the sooner the longer a load takes. So one of many readers reloads it, and not all
 * of them at the deadline. `random` returns a number from 0 up to, but not including, 1.
 * A. Vattani, F. Chierichetti, K. Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015.
 * https://www.vldb.org/pvldb/vol8/p886-vattani.pdf
 */
export function shouldRefreshEarly(
  { expiresAt, metadata }: Entry,
  beta: number,
  now: number,
  random: () => number,
): boolean {
  const loadMs = metadata?.loadMs
  if (expiresAt === null || loadMs === undefined) return false
  return expiresAt - now <= loadMs * beta * -Math.log(1 - random())
}

/** The timeout, made shorter by a random part of up to `jitter` of it. */
export function jittered(timeout: Timeout, jitter: number | undefined, random: () => number): Timeout {
  return timeout === null || jitter === undefined ? timeout : timeout * (1 - jitter * random())
}

/** The age of an entry in seconds; `undefined` if it was stored without one. A clock that was set back gives 0. */
export function ageOf({ metadata }: Entry, now: number): number | undefined {
  return metadata === undefined ? undefined : Math.max(0, now - metadata.storedAt) / 1000
}

/** The seconds until the deadline; 0 for a stale entry, `null` for one that never expires. */
export function secondsLeftOf({ expiresAt }: Entry, now: number): number | null {
  return expiresAt === null ? null : Math.max(0, expiresAt - now) / 1000
}

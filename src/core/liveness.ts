import type { Entry } from './adapter.ts'

/**
 * True if the deadline is later than `now`. At the deadline itself the entry is expired. No other code
 * compares them.
 */
export function isAhead(expiresAt: number, now: number): boolean {
  return expiresAt > now
}

/** True if there is no deadline, or if it is later than `now`. */
export function isOpen(expiresAt: number | null, now: number): boolean {
  return expiresAt === null || isAhead(expiresAt, now)
}

/** True if the entry exists and has not expired. */
export function isLive(entry: Entry | undefined, now: number): entry is Entry {
  return entry !== undefined && isOpen(entry.expiresAt, now)
}

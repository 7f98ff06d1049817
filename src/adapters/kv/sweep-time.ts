/** Milliseconds between sweeps, at least. Setting an alarm is billed as a row written. */
export const SWEEP_EVERY = 3_600_000
/** Milliseconds by which callers' clocks may be behind the owner's: none shall miss what it thinks is live. */
export const GRACE = 60_000
/**
 * Milliseconds in which a blob that was noted is written and pointed to; longer than the ten minutes in which a reader who does not
 * find it takes it for not visible yet.
 */
export const RESERVED = 1_200_000
/** Milliseconds after which what was removed from the cache is removed from KV, too, about. What KV drops within it by itself is left to it. */
export const CLEANED_UP_WITHIN: number = SWEEP_EVERY + GRACE
/** Milliseconds from a blob's deadline until KV has dropped it, by the clock of whoever wrote it. */
export const DROPPED_WITHIN = 180_000
/** Milliseconds after which no copy of before a clear can still be: longer than any is kept up. */
export const FORGOTTEN_AFTER = 7_200_000
/** Milliseconds between sweeps at most, some months: alarms know no dates after 2189. */
const SWEEP_WITHIN = 10_000_000_000

/** When to sweep, if this is the first deadline of all. */
export function sweepFor(deadline: number, now: number): number {
  return Math.min(Math.max(now + SWEEP_EVERY, deadline + GRACE), now + SWEEP_WITHIN)
}

/** Milliseconds between sweeps, at least. Setting an alarm is billed as a row written. */
export const SWEEP_EVERY = 3_600_000
/** Milliseconds by which callers' clocks may be behind the owner's: none shall miss what it thinks is live. */
export const GRACE = 60_000
/** Milliseconds in which a blob that was noted is written and pointed to. */
export const RESERVED = 3_600_000
/** Milliseconds after which no copy of before a clear can still be: longer than any is kept up. */
export const FORGOTTEN_AFTER = 7_200_000
/** Milliseconds between sweeps at most, some months: alarms know no dates after 2189. */
const SWEEP_WITHIN = 10_000_000_000

/** When to sweep, if this is the first deadline of all. */
export function sweepFor(deadline: number, now: number): number {
  return Math.min(Math.max(now + SWEEP_EVERY, deadline + GRACE), now + SWEEP_WITHIN)
}

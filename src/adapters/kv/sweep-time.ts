import { CLOCK_SKEW_MS } from './limits.ts'

/** The least time between sweeps. Setting an alarm is billed as a row written. */
export const SWEEP_INTERVAL_MS = 3_600_000
/**
 * Time for a reserved blob to be written and pointed to. Longer than KV_PROPAGATION_MS, in which a reader who does not find a blob
 * takes it for not visible yet.
 */
export const BLOB_RESERVATION_MS = 1_200_000
/** A blob without an entry is removed from KV within about this time. Those that KV drops sooner by itself are left to it. */
export const BLOB_CLEANUP_MS: number = SWEEP_INTERVAL_MS + CLOCK_SKEW_MS
/** KV has dropped a blob this long after its deadline, by the clock of its writer. */
export const KV_DROP_DELAY_MS = 180_000
/** Some months: alarms know no dates after 2189. */
const MAX_SWEEP_DELAY_MS = 10_000_000_000

/** When to sweep entries of which the first expires at `deadline`. */
export function sweepFor(deadline: number, now: number): number {
  return Math.min(Math.max(now + SWEEP_INTERVAL_MS, deadline + CLOCK_SKEW_MS), now + MAX_SWEEP_DELAY_MS)
}

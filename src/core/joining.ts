import type { Claim, Entry } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import type { InFlight, InFlightLoads, KeyState } from './in-flight.ts'
import type { LoadResult } from './load-result.ts'

/** A caller that has read a key, and found nothing to return. */
interface Caller {
  /** `InFlightLoads.entered` when it came. */
  readonly order: number
  readonly entry: Entry | undefined
}

/**
 * Returns a function that tells whether the caller may join a load. It may not if another process may have changed
 * the key, or invalidated a tag, after the loader began and before the caller came.
 */
export function acceptable(
  { adapter }: CallContext,
  loads: InFlightLoads<LoadResult>,
  state: KeyState<LoadResult>,
  caller: Caller,
): (inFlight: InFlight<LoadResult>) => boolean {
  if (adapter.readsClaims !== true) return () => true
  return (inFlight) => {
    const { token, begunAfter, endedAfter, isOutdated } = inFlight
    if (token === undefined || caller.order <= begunAfter) return true
    const claim = seenClaim(caller, token)
    if (claim !== undefined && claim.invalidatedTags === undefined) return true
    // If its claim was still there after the caller came, nothing had ended it before.
    if (endedAfter !== undefined) return caller.order <= endedAfter && claim === undefined && !isOutdated
    if (claim === undefined) loads.supersede(state, inFlight)
    else inFlight.invalidateTags(claim.invalidatedTags ?? [])
    return false
  }
}

/** Returns a function that tells, once a joined load has ended, whether the caller must not use its result. */
export function outdatedFor(
  { adapter }: CallContext,
  inFlight: InFlight<LoadResult>,
  caller: Caller,
): () => boolean {
  const claim = inFlight.token === undefined ? undefined : seenClaim(caller, inFlight.token)
  const isSafe = adapter.readsClaims !== true || (claim !== undefined && claim.invalidatedTags === undefined)
  return () => !isSafe && inFlight.isOutdated && caller.order > inFlight.begunAfter
}

/** The claim of a load, if the caller has read it. */
function seenClaim({ entry }: Caller, token: number): Claim | undefined {
  return entry?.claim?.token === token ? entry.claim : undefined
}

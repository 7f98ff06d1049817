import type { Entry } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import type { InFlight, InFlightLoads, KeyState } from './in-flight.ts'
import type { LoadResult } from './load-result.ts'

/**
 * Returns the load that a caller may join, if there is one. The caller's read may show that another process has
 * changed the key, or invalidated a tag, since the load began. Then the caller must not join it.
 *
 * `order` is the caller's `InFlightLoads.entered`, `entry` what it has read.
 */
export function joinableLoad(
  { adapter }: CallContext,
  loads: InFlightLoads<LoadResult>,
  state: KeyState<LoadResult>,
  settled: InFlight<LoadResult> | undefined,
  order: number,
  entry: Entry | undefined,
): InFlight<LoadResult> | undefined {
  for (;;) {
    const inFlight = loads.joinable(state, settled)
    if (adapter.readsClaims !== true || inFlight?.token === undefined) return inFlight
    if (order <= inFlight.joinableUntil) return inFlight
    const claim = entry?.claim
    if (claim?.token !== inFlight.token) loads.supersede(state, inFlight)
    else if (claim.invalidatedTags !== undefined) inFlight.invalidateTags(claim.invalidatedTags)
    else return inFlight
  }
}

/**
 * Returns a function that tells, once the joined load has ended, whether its result may be older than a change in
 * another process that came before this caller. A caller that has read the load's claim came before any such change.
 */
export function outdatedFor(
  { adapter }: CallContext,
  inFlight: InFlight<LoadResult>,
  order: number,
  entry: Entry | undefined,
): () => boolean {
  const isSeen = entry?.claim !== undefined && entry.claim.token === inFlight.token
  return () =>
    adapter.readsClaims === true && !isSeen && inFlight.isOutdated && order > inFlight.joinableUntil
}

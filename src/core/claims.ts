import type { Adapter, ClaimReply, ClaimRequest, Entry, Outcome } from './adapter.ts'
import { decide } from './operations.ts'

/**
 * Claims a load by a commit, without waiting. `force`: also if someone else has a claim. The value of that one
 * is then refused.
 */
export async function claimByCommit(
  adapter: Pick<Adapter, 'commit'>,
  key: string,
  now: number,
  request: ClaimRequest,
  { force }: { readonly force: boolean },
): Promise<ClaimReply> {
  const op = { ...claimOf(now, request), force }
  const [outcome] = await adapter.commit([{ key, op }], now)
  return replyOf(outcome)
}

/** The reply if someone else loads the key: with the stored entry, if it makes the claim unnecessary. */
export function refusedClaim(stored: Entry | undefined, now: number, request: ClaimRequest): ClaimReply {
  const [, outcome] = decide(stored, claimOf(now, request), now)
  const reply = replyOf(outcome)
  return reply.isGranted ? { isGranted: false } : reply
}

function claimOf(now: number, { token, milliseconds, refresh }: ClaimRequest) {
  return { kind: 'claim', token, until: now + milliseconds, refresh } as const
}

function replyOf(outcome: Outcome | undefined): ClaimReply {
  if (outcome?.ok && outcome.entry !== undefined) return { isGranted: false, entry: outcome.entry }
  // A store that cannot hold the claim, because of its limits, must not prevent the load.
  return outcome?.ok === false && outcome.reason === 'claimed' ? { isGranted: false } : { isGranted: true }
}

import type { Adapter, ClaimReply, ClaimRequest } from '../../core/adapter.ts'
import { claimByCommit, refusedClaim } from '../../core/claims.ts'
import { withDeadline } from '../../core/deadline.ts'
import { isCacheError } from '../../core/errors.ts'
import type { Report } from './faults.ts'
import { LoadLocks } from './load-locks.ts'

type Place = Pick<Adapter, 'read' | 'commit'>

/**
 * Claims loads, one at a time per key in all tabs. A Web Lock decides who loads and lets the others wait. The claim in the
 * database makes every change of the key end the right to store what is loaded.
 *
 * Without Web Locks, as in insecure contexts, nobody waits for another tab: the last one that claims the load may store it.
 */
export class LoadClaims {
  readonly #adapter: Place
  readonly #locks: LoadLocks
  readonly #report: Report

  constructor(database: string, adapter: Place, report: Report) {
    this.#adapter = adapter
    this.#locks = new LoadLocks(database)
    this.#report = report
  }

  async claim(key: string, now: number, request: ClaimRequest): Promise<ClaimReply> {
    if (!this.#locks.areSupported) return this.#commit(key, now, request, true)
    const begun = performance.now()
    const { state, release } = await this.#locks.request(key, request)
    // A timer may fire a moment early.
    const least = state === 'timed-out' ? request.milliseconds : 0
    const later = now + Math.max(least, Math.trunc(performance.now() - begun))
    if (state === 'stopped') return { isGranted: false }
    if (state === 'held-elsewhere') {
      const [stored] = await this.#adapter.read([key], later, 'value')
      return refusedClaim(stored, later, request)
    }
    try {
      // Whoever holds the lock knows that no living tab has a claim. If waiting took too long, the claim of the tab that holds
      // the lock may have ended by its time: then its value will be refused.
      const reply = await this.#commit(key, later, request, state === 'held')
      if (reply.isGranted) return { isGranted: true, release }
      release?.()
      return reply
    } catch (error) {
      release?.()
      throw error
    }
  }

  /** Ends the waits for locks. They are answered as if another tab were still loading. */
  stopWaiting(): void {
    this.#locks.stopWaiting()
  }

  async #commit(key: string, now: number, request: ClaimRequest, force: boolean): Promise<ClaimReply> {
    try {
      // The core does not limit the time of a claim, and another tab may hold the database for ever.
      const committing = claimByCommit(this.#adapter, key, now, request, { force })
      return await withDeadline(committing, request.milliseconds, () => new Error(TOO_LATE))
    } catch (error) {
      if (!isCacheError(error, 'QUOTA_EXCEEDED')) throw error
      // A full storage must not prevent the load. Without a claim, its value is given and not stored.
      this.#report('A value that is being loaded will not be stored', error)
      return { isGranted: true }
    }
  }
}

const TOO_LATE = 'The claim of a load was not stored within its time'

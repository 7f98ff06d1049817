import type { Change, ClaimReply, ClaimRequest } from '../../core/adapter.ts'
import { decodeEntry } from './codec.ts'
import type { EdgeParts } from './edge-parts.ts'
import { CLAIM_RENEWAL_MS } from './limits.ts'
import { isMethodMissing, UnclaimedLoads } from './unclaimed-loads.ts'

/**
 * Claims loads at the owners, one at a time per key in all isolates, and renews the claims until the loads have ended. If the request
 * that loads is cancelled, its timers end with it, and the claim lapses.
 */
export class EdgeClaims {
  readonly #parts: EdgeParts
  readonly #unclaimed = new UnclaimedLoads()
  /** By token. */
  readonly #renewals = new Map<number, ReturnType<typeof setInterval>>()

  constructor(parts: EdgeParts) {
    this.#parts = parts
  }

  async claim(key: string, now: number, request: ClaimRequest): Promise<ClaimReply> {
    try {
      return await this.#claim(key, now, request)
    } catch (error) {
      if (!isMethodMissing(error)) throw error
      this.#unclaimed.add(request)
      return { isGranted: true }
    }
  }

  /** Call with each change before it is sent. One that stores a loaded value, or that says that there is none, ends the load. */
  committing(change: Change): Change {
    if (!('token' in change.op)) return change
    this.ended(change.op.token)
    return this.#unclaimed.translated(change)
  }

  async #claim(key: string, now: number, request: ClaimRequest): Promise<ClaimReply> {
    const { client, blobs } = this.#parts
    const { isGranted, entry } = await client.claim(key, now, request)
    if (isGranted) {
      this.granted(key, request)
      return { isGranted, release: () => this.ended(request.token) }
    }
    const whole = entry && (await blobs.follow(entry, now))
    return { isGranted: false, entry: whole && decodeEntry(whole) }
  }

  /** Call when the owner has granted a claim. */
  granted(key: string, { token, milliseconds }: ClaimRequest): void {
    if (this.#renewals.has(token)) return
    const begunAt = performance.now()
    const renewal = setInterval(() => {
      if (performance.now() - begunAt > milliseconds) this.ended(token)
      else this.#renew(key, token)
    }, CLAIM_RENEWAL_MS)
    this.#renewals.set(token, renewal)
  }

  /** Call when a load has ended. */
  ended(token: number): void {
    const renewal = this.#renewals.get(token)
    if (renewal !== undefined) clearInterval(renewal)
    this.#renewals.delete(token)
  }

  #renew(key: string, token: number): void {
    this.#parts.client.renew(key, token).then(
      (isHeld) => {
        if (!isHeld) this.ended(token)
      },
      // The next one may succeed. If none does, the claim lapses, and the owner refuses to store the value.
      () => {},
    )
  }
}

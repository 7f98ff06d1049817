import type { Claim } from '../../core/adapter.ts'

interface Held {
  readonly claim: Claim
  /** Epoch milliseconds of the owner's clock. */
  leaseUntil: number
}

/**
 * The claims of loads, in the owner's memory: they cost no rows, and end when the object is evicted. Whoever loads must renew the
 * lease. Once it has lapsed, others may claim the load.
 */
export class OwnerClaims {
  /** The oldest first. */
  readonly #held = new Map<string, Held>()
  readonly #waiting = new Map<string, Set<() => void>>()

  /** The claim of a key. Its time is over if the lease has lapsed: its holder may still store what it loads, unless another one claims. */
  get(key: string, now: number): Claim | undefined {
    const held = this.#held.get(key)
    if (held === undefined) return undefined
    return held.leaseUntil > now ? held.claim : { ...held.claim, until: Number.NEGATIVE_INFINITY }
  }

  /** Ends or replaces the claim of a key. */
  set(key: string, claim: Claim | undefined, leaseUntil: number): void {
    this.#held.delete(key)
    if (claim === undefined) {
      this.#wake(key)
      return
    }
    this.#held.set(key, { claim, leaseUntil })
    if (this.#held.size <= MAX_CLAIMS) return
    for (const oldest of this.#held.keys()) {
      this.set(oldest, undefined, 0)
      return
    }
  }

  /** Returns false if the claim is gone. */
  renew(key: string, token: number, leaseUntil: number): boolean {
    const held = this.#held.get(key)
    if (held?.claim.token !== token) return false
    held.leaseUntil = leaseUntil
    return true
  }

  /** Ends the claims of all keys that begin with `scope`. */
  clear(scope: string): void {
    for (const key of [...this.#held.keys()]) if (key.startsWith(scope)) this.set(key, undefined, 0)
  }

  /** What is being loaded must not be stored if it has one of these tags. */
  invalidateTags(tags: readonly string[]): void {
    for (const [key, { claim, leaseUntil }] of this.#held) {
      const invalidatedTags = [...new Set([...(claim.invalidatedTags ?? []), ...tags])]
      // Setting an existing key keeps its place, so that this loop ends.
      this.#held.set(key, { claim: { ...claim, invalidatedTags }, leaseUntil })
    }
  }

  /** Resolves when the claim of the key has ended, when its lease has lapsed, or after `milliseconds`. */
  changed(key: string, now: number, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set()
      this.#waiting.set(key, waiting)
      const lease = (this.#held.get(key)?.leaseUntil ?? now) - now
      const wake = () => {
        clearTimeout(timer)
        waiting.delete(wake)
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key)
        resolve()
      }
      const timer = setTimeout(wake, Math.max(0, Math.min(lease, milliseconds)))
      waiting.add(wake)
    })
  }

  #wake(key: string): void {
    for (const wake of [...(this.#waiting.get(key) ?? [])]) wake()
  }
}

/** Some megabytes of the 128 that an object has. */
const MAX_CLAIMS = 10_000

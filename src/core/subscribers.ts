import type { Adapter, Change, Outcome, StoreChange } from './adapter.ts'
import { guarded } from './callbacks.ts'
import { keysOf } from './operations.ts'

/** Tells subscribers of the changes that caches in this process make on one adapter. */
export class Subscribers {
  readonly #listeners = new Set<(change: StoreChange) => void>()

  /** If 0, nobody needs to be told. */
  get size(): number {
    return this.#listeners.size
  }

  add(listener: (change: StoreChange) => void): () => void {
    // Each subscription is a listener of its own, even of a function that subscribes twice.
    const own = guarded('A subscriber', listener, undefined)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  committed(changes: readonly Change[], outcomes: readonly (Outcome | undefined)[]): void {
    if (this.#listeners.size === 0) return
    const keys = changedKeys(changes, outcomes)
    if (keys.length > 0) this.tell({ kind: 'changed', keys })
  }

  /** Later, so that a listener never delays or re-enters the call that made the change. */
  tell(change: StoreChange): void {
    for (const listener of this.#listeners) {
      Promise.resolve().then(() => {
        if (this.#listeners.has(listener)) listener(change)
      })
    }
  }
}

/** The stored keys that the changes have changed, without those of locks. */
export function changedKeys(
  changes: readonly Change[],
  outcomes: readonly (Outcome | undefined)[],
): string[] {
  return changes.filter((change, index) => isChange(change, outcomes[index])).flatMap(keysOf)
}

function isChange({ op, isLock }: Change, outcome: Outcome | undefined): boolean {
  if (isLock || outcome === undefined || op.kind === 'claim' || op.kind === 'unclaim') return false
  // A refused value may have taken the old one with it.
  return outcome.ok || !UNCHANGED.includes(outcome.reason)
}

/** The reasons of refusals that leave everything as it was. */
const UNCHANGED: readonly string[] = [
  'exists',
  'missing',
  'not-an-integer',
  'out-of-range',
  'claimed',
  'superseded',
]

/** All caches on one adapter share this. */
const byAdapter = new WeakMap<Adapter, Subscribers>()

export function subscribersOf(adapter: Adapter): Subscribers {
  let subscribers = byAdapter.get(adapter)
  if (subscribers === undefined) {
    subscribers = new Subscribers()
    byAdapter.set(adapter, subscribers)
  }
  return subscribers
}

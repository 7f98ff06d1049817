import type { Entry, Op, Outcome } from './adapter.ts'
import { type Operation, operationOf } from './operations.ts'

/** The storage that {@link step} reads and writes. A `Map` is one. */
export interface Place {
  get(key: string): Entry | undefined
  /**
   * `operation` is the operation that writes, for places that evict. Returns `false`, with nothing done, for
   * an entry that the place can never hold.
   */
  set(key: string, entry: Entry, operation: Operation): unknown
  delete(key: string): unknown
}

/** Runs one operation on a place. Nothing else may use the place in the meantime. */
export function step(place: Place, key: string, op: Op, now: number): Outcome {
  const operation = operationOf(op)
  // Fast path: a blind operation reads nothing and allocates no decision.
  if ('entry' in op && operation.isBlind(op, now)) {
    if (place.set(key, op.entry, operation) !== false) return OK
    // The old value must not remain: the writer meant to replace it.
    place.delete(key)
    return TOO_LARGE
  }
  const stored = place.get(key)
  const [next, outcome, moved] = operation.decide(stored, op, now)
  if (next !== stored) {
    if (next === undefined) place.delete(key)
    else if (place.set(key, next, operation) === false) return TOO_LARGE
  }
  if (moved === undefined || !('to' in op)) return outcome
  if (place.set(op.to, moved, operation) !== false) return outcome
  place.set(key, moved, operation)
  return TOO_LARGE
}

const OK: Outcome = { ok: true }
const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }

import type { Entry, Op, Outcome } from './adapter.ts'

/** Whether a deadline lies ahead: at the deadline itself the entry is dead. The only such comparison. */
export function isAhead(expiresAt: number, now: number): boolean {
  return expiresAt > now
}

/** Whether there is no deadline, or one ahead. */
export function isOpen(expiresAt: number | null, now: number): boolean {
  return expiresAt === null || isAhead(expiresAt, now)
}

/** Live iff it exists and has no deadline, or one ahead. */
export function isLive(entry: Entry | undefined, now: number): entry is Entry {
  return entry !== undefined && isOpen(entry.expiresAt, now)
}

/**
 * Whether `incr` can count on a value. −0 is left out: a store of integers cannot keep it apart from 0, so it is
 * kept as an ordinary value everywhere.
 */
export function isCounter(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

/** The entry that shall be stored next (`undefined` = none), and the answer. */
export type Decision = readonly [next: Entry | undefined, outcome: Outcome]

const OK: Outcome = { ok: true }
const EXISTS: Outcome = { ok: false, reason: 'exists' }
const MISSING: Outcome = { ok: false, reason: 'missing' }
const NOT_AN_INTEGER: Outcome = { ok: false, reason: 'not-an-integer' }
const OUT_OF_RANGE: Outcome = { ok: false, reason: 'out-of-range' }
const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }

/**
 * What an operation means: from the stored entry to the entry that shall be stored next (`undefined` = none) and
 * the answer. Pure, and the only place that knows. A refused operation returns the stored entry itself, so
 * `next !== stored` tells an adapter whether there is anything to write.
 */
export function decide(stored: Entry | undefined, op: Op, now: number): Decision {
  switch (op.kind) {
    case 'set':
      return [unlessDead(op.entry, now), OK]
    case 'add':
      return isLive(stored, now) ? [stored, EXISTS] : [unlessDead(op.entry, now), OK]
    case 'touch':
      return isLive(stored, now)
        ? [unlessDead({ value: stored.value, expiresAt: op.expiresAt }, now), OK]
        : [stored, MISSING]
    case 'incr': {
      const counter = isLive(stored, now) ? stored : op.initial
      if (counter === undefined) return [stored, MISSING]
      const value = countOn(counter.value, op.delta)
      if (typeof value !== 'number') return [stored, value]
      return [unlessDead({ value, expiresAt: counter.expiresAt }, now), { ok: true, value }]
    }
    case 'delete':
      return [undefined, isLive(stored, now) ? OK : MISSING]
    case 'pop':
      return isLive(stored, now) ? [undefined, { ok: true, entry: stored }] : [stored, MISSING]
    case 'release':
      return isLive(stored, now) && stored.value === op.token ? [undefined, OK] : [stored, MISSING]
    case 'move':
      return isLive(stored, now) ? [undefined, OK] : [stored, MISSING]
    default:
      // From another deployment, that knows more.
      throw new TypeError(`Unknown operation "${(op as Op).kind}"`)
  }
}

/** What counting leaves of a value, or why it cannot be counted on. */
export function countOn(value: unknown, delta: number): number | Outcome {
  if (!isCounter(value)) return NOT_AN_INTEGER
  const sum = value + delta
  return Number.isSafeInteger(sum) ? sum : OUT_OF_RANGE
}

/** An entry that is stored already dead is not stored. */
function unlessDead(entry: Entry, now: number): Entry | undefined {
  return isLive(entry, now) ? entry : undefined
}

/** Whether an operation comes to the same whatever is stored: a set that stays. */
export function isBlind(op: Op, now: number): boolean {
  return op.kind === 'set' && isLive(op.entry, now)
}

/**
 * Where {@link step} reads and writes: a `Map` is one. `set` also hears why, should the place keep an order of use, and gives
 * `false` for what the place can never hold, with nothing done.
 */
export interface Place {
  get(key: string): Entry | undefined
  set(key: string, entry: Entry, why: Op['kind']): unknown
  delete(key: string): unknown
}

/** Runs one operation on a place. The place must be nobody else's while it runs. */
export function step(place: Place, key: string, op: Op, now: number): Outcome {
  // Where it comes to the same, what is stored is not asked for, and nothing is made to be thrown away.
  if (op.kind === 'set' && isBlind(op, now)) {
    if (place.set(key, op.entry, op.kind) !== false) return OK
    // Nobody shall read what its writer tried to replace.
    place.delete(key)
    return TOO_LARGE
  }
  const stored = place.get(key)
  const [next, outcome] = decide(stored, op, now)
  if (next !== stored) {
    if (next === undefined) place.delete(key)
    else if (place.set(key, next, op.kind) === false) return TOO_LARGE
  }
  if (op.kind !== 'move' || !outcome.ok || stored === undefined) return outcome
  if (place.set(op.to, stored, op.kind) !== false) return outcome
  place.set(key, stored, op.kind)
  return TOO_LARGE
}

import type { Entry, Invalidation, Op, Outcome } from './adapter.ts'

/**
 * The result of an operation: the entry to store (`undefined` = none), the outcome, and, if the operation
 * moves the stored entry to `op.to`, that entry.
 */
export type Decision = readonly [next: Entry | undefined, outcome: Outcome, moved?: Entry]

/** One kind of operation. Adapters use these traits and never the kind. */
export interface Operation<O extends Op = Op> {
  /**
   * Decides the next entry from the stored one. Pure. A refused operation returns the stored entry itself, so
   * `next !== stored` means that something must be written.
   */
  decide(stored: Entry | undefined, op: O, now: number): Decision
  /** True if the decision does not depend on the stored entry. Then nothing needs to be read. */
  isBlind(op: O, now: number): boolean
  /** True if the operation may remove an existing key. */
  mayRemove(op: O, now: number): boolean
  /**
   * True if the result does not depend on the stored entry. Such an operation supersedes every load of its
   * key that is in flight. The others do so only if they succeed.
   */
  readonly isUnconditional: boolean
  /** True if it can leave an entry behind, and so may need space in the store. */
  readonly stores: boolean
  /**
   * True if it may need space although its key exists. As in Django's locmem, changing an entry in place
   * needs none.
   */
  readonly replaces: boolean
  /**
   * True if it needs the stored value, or reports that there is one. An unreadable value then counts as
   * missing. Other operations need only the deadline.
   */
  readonly needsValue: boolean
  /** True if it counts as a use for LRU eviction. */
  readonly isUse: boolean
  /** True if its outcome carries the entry that was stored. */
  readonly returnsEntry: boolean
}

type Kind = Op['kind']
type OfKind<K extends Kind> = Extract<Op, { kind: K }>

const OK: Outcome = { ok: true }
const EXISTS: Outcome = { ok: false, reason: 'exists' }
const MISSING: Outcome = { ok: false, reason: 'missing' }
const NOT_AN_INTEGER: Outcome = { ok: false, reason: 'not-an-integer' }
const OUT_OF_RANGE: Outcome = { ok: false, reason: 'out-of-range' }
const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }
const CLAIMED: Outcome = { ok: false, reason: 'claimed' }
const SUPERSEDED: Outcome = { ok: false, reason: 'superseded' }

const yes = (): boolean => true
const no = (): boolean => false

/** The traits that most operations share. */
const USUAL = {
  isBlind: no,
  mayRemove: no,
  isUnconditional: false,
  stores: true,
  replaces: false,
  needsValue: false,
  isUse: true,
  returnsEntry: false,
}
const REMOVAL = { ...USUAL, stores: false, mayRemove: yes }

/** The operation table, one row per operation. To add an operation, add its data to `Op` and a row here. */
const OPERATIONS: { readonly [K in Kind]: Operation<OfKind<K>> } = {
  set: {
    ...USUAL,
    decide: (_, { entry }, now) => [ifLive(entry, now), OK],
    isBlind: ({ entry }, now) => isLive(entry, now),
    mayRemove: yes,
    isUnconditional: true,
    replaces: true,
  },
  add: {
    ...USUAL,
    decide: (stored, { entry }, now) => (isLive(stored, now) ? [stored, EXISTS] : [ifLive(entry, now), OK]),
    replaces: true,
    needsValue: true,
  },
  touch: {
    ...USUAL,
    decide: (stored, { expiresAt }, now) =>
      isLive(stored, now) ? [ifLive({ ...unclaimed(stored), expiresAt }, now), OK] : [stored, MISSING],
    mayRemove: ({ expiresAt }, now) => !isOpen(expiresAt, now),
    isUse: false,
  },
  incr: {
    ...USUAL,
    decide: (stored, { delta, initial }, now) => {
      const counter = isLive(stored, now) ? stored : initial
      if (counter === undefined) return [stored, MISSING]
      const value = addTo(counter.value, delta)
      if (typeof value !== 'number') return [stored, value]
      return [
        ifLive({ ...unclaimed(counter), value }, now),
        { ok: true, value, expiresAt: counter.expiresAt },
      ]
    },
    needsValue: true,
  },
  delete: {
    ...REMOVAL,
    decide: (stored, _, now) => [undefined, isLive(stored, now) ? OK : MISSING],
    isUnconditional: true,
  },
  pop: {
    ...REMOVAL,
    decide: (stored, _, now) =>
      isLive(stored, now) ? [undefined, { ok: true, entry: stored }] : [stored, MISSING],
    needsValue: true,
    returnsEntry: true,
  },
  release: {
    ...REMOVAL,
    decide: (stored, { token }, now) =>
      isLive(stored, now) && stored.value === token ? [undefined, OK] : [stored, MISSING],
  },
  move: {
    ...USUAL,
    decide: (stored, _, now) =>
      isLive(stored, now) ? [undefined, OK, unclaimed(stored)] : [stored, MISSING],
    mayRemove: yes,
    replaces: true,
    needsValue: true,
  },
  expire: {
    ...USUAL,
    decide: (stored, _, now) => [stored && endFreshness(stored, now), isLive(stored, now) ? OK : MISSING],
    mayRemove: yes,
    isUnconditional: true,
    isUse: false,
  },
  claim: {
    ...USUAL,
    decide: (stored, { token, until, refresh, force = false }, now) => {
      const isNeeded = refresh !== undefined && (stored?.expiresAt ?? Number.POSITIVE_INFINITY) <= refresh
      if (isLive(stored, now) && !isNeeded) return [stored, { ok: true, entry: unclaimed(stored) }]
      const held = stored?.claim
      if (held !== undefined && held.token !== token && !force && isAhead(held.until, now))
        return [stored, CLAIMED]
      return [{ ...(stored ?? NO_ENTRY), claim: { token, until } }, OK]
    },
    needsValue: true,
    isUse: false,
    returnsEntry: true,
  },
  fill: {
    ...USUAL,
    decide: (stored, { token, entry }, now) => {
      if (stored === undefined || stored.claim?.token !== token) return [stored, SUPERSEDED]
      if (hasTag(entry, stored.claim.invalidatedTags ?? [])) return [withoutClaim(stored), SUPERSEDED]
      return [ifLive(entry, now), OK]
    },
    replaces: true,
  },
  unclaim: {
    ...USUAL,
    decide: (stored, { token }) =>
      stored !== undefined && stored.claim?.token === token ? [withoutClaim(stored), OK] : [stored, MISSING],
    isUse: false,
  },
}

/** Stands for the entry of a key that is claimed and has none. */
const NO_ENTRY: Entry = Object.freeze({ value: null, expiresAt: Number.NEGATIVE_INFINITY })

/** The entry without its claim. */
export function unclaimed(entry: Entry): Entry {
  if (entry.claim === undefined) return entry
  const { claim: _, ...rest } = entry
  return rest
}

/** What remains of a claimed entry when its claim ends: `undefined` if there was only the claim. */
function withoutClaim(entry: Entry): Entry | undefined {
  return isPlaceholder(entry) ? undefined : unclaimed(entry)
}

/** True if there is only a claim of the key, and no entry. Limits do not count it. */
export function isPlaceholder({ expiresAt }: Entry): boolean {
  return expiresAt === Number.NEGATIVE_INFINITY
}

/**
 * The entry, stale from `at` on, if it was not before. `undefined` if it may not be served stale. Its claim is
 * removed.
 */
export function endFreshness(entry: Entry, at: number): Entry | undefined {
  const expiresAt = entry.expiresAt === null ? at : Math.min(entry.expiresAt, at)
  const stale = { ...unclaimed(entry), expiresAt }
  return isOpen(staleUntil(stale), at) ? stale : undefined
}

/** Until when the value may be served stale, in epoch milliseconds; `null` for ever. */
export function staleUntil({ expiresAt, metadata }: Entry): number | null {
  if (expiresAt === null || metadata === undefined) return expiresAt
  const { staleWhileRevalidateMs = 0, staleIfErrorMs = 0 } = metadata
  if (staleWhileRevalidateMs === null || staleIfErrorMs === null) return null
  return expiresAt + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
}

/** Until when a store must keep the entry, in epoch milliseconds; `null` for ever. Sweeps and indexes go by it. */
export function keptUntil(entry: Entry): number | null {
  const until = staleUntil(entry)
  return until === null || entry.claim === undefined ? until : Math.max(until, entry.claim.until)
}

/** True if the entry has one of the stored tags. */
export function hasTag(entry: Entry, tags: readonly string[]): boolean {
  return entry.metadata?.tags?.some((tag) => tags.includes(tag)) === true
}

/**
 * Decides what an invalidation of stored tags does to an entry: returns what remains of it. A claim of a load
 * whose tags are not known yet records the invalidated ones.
 */
export function invalidateTags(
  stored: Entry,
  tags: readonly string[],
  invalidation: Invalidation,
  now: number,
): Entry | undefined {
  if (hasTag(stored, tags)) return invalidation === 'delete' ? undefined : endFreshness(stored, now)
  const { claim } = stored
  if (claim === undefined) return stored
  const invalidatedTags = [...new Set([...(claim.invalidatedTags ?? []), ...tags])]
  return { ...stored, claim: { ...claim, invalidatedTags } }
}

/**
 * Returns the row of an operation.
 *
 * @throws {TypeError} For a kind that is not in the table, such as one that a later deployment sends.
 */
export function operationOf(op: { readonly kind: Kind }): Operation {
  const operation = OPERATIONS[op.kind]
  // A kind such as 'constructor' would find an inherited property.
  if (typeof operation?.decide !== 'function') throw new TypeError(`Unknown operation "${op.kind}"`)
  return operation as Operation
}

/** Decides an operation: returns the entry to store and the outcome. Pure. */
export function decide(stored: Entry | undefined, op: Op, now: number): Decision {
  return operationOf(op).decide(stored, op, now)
}

/** The keys that a change may write. */
export function keysOf({ key, op }: { readonly key: string; readonly op: object }): string[] {
  return 'to' in op ? [key, op.to as string] : [key]
}

/**
 * True if `incr` accepts the value. −0 is excluded: a store of integers cannot tell it from 0, so every
 * adapter stores it as an ordinary value.
 */
export function isCounter(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

/** Returns the sum, or the outcome of a refusal. */
export function addTo(value: unknown, delta: number): number | Outcome {
  if (!isCounter(value)) return NOT_AN_INTEGER
  const sum = value + delta
  return Number.isSafeInteger(sum) ? sum : OUT_OF_RANGE
}

/** An entry that has already expired is not stored. */
function ifLive(entry: Entry, now: number): Entry | undefined {
  return isLive(entry, now) ? entry : undefined
}

/**
 * True if the deadline is later than `now`. At the deadline itself the entry is expired. No other code
 * compares them.
 */
export function isAhead(expiresAt: number, now: number): boolean {
  return expiresAt > now
}

/** True if there is no deadline, or if it is later than `now`. */
export function isOpen(expiresAt: number | null, now: number): boolean {
  return expiresAt === null || isAhead(expiresAt, now)
}

/** True if the entry exists and has not expired. */
export function isLive(entry: Entry | undefined, now: number): entry is Entry {
  return entry !== undefined && isOpen(entry.expiresAt, now)
}

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

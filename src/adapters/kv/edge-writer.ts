import type { Change, Outcome } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { isLive, isOpen } from '../../core/liveness.ts'
import { keysOf } from '../../core/operations.ts'

import { blobOf } from './blob-pointer.ts'
import type { Blobs } from './blobs.ts'
import { type Encoded, encodeWithin, isOver } from './codec.ts'
import type { EdgeParts } from './edge-adapter.ts'
import { NO_KV } from './edge-reader.ts'
import { mayTakeCalls } from './fitting.ts'
import type { Written } from './isolate-memory.ts'
import { MAX_INLINE_BYTES, MAX_ROW_BYTES } from './limits.ts'
import { isCertain } from './owner-errors.ts'
import type { StoredChange, StoredEntry, StoredOutcome } from './protocol.ts'
import { decodeEntry, given } from './stored-entry.ts'

type Settled<T> = PromiseSettledResult<T>

/** A change as its owner gets it. */
export interface Prepared {
  readonly change: StoredChange
  /** A value that goes into a blob first. */
  readonly large?: Encoded
  /** The answer, where `change` is sent instead of what was asked for, unless there was a value that an `add` must not replace. */
  readonly refusal?: Outcome
}

/** Writes: to the owners, large values to KV first. */
export class EdgeWriter {
  readonly #parts: EdgeParts

  constructor(parts: EdgeParts) {
    this.#parts = parts
  }

  prepare({ key, op }: Change): Prepared {
    if (op.kind !== 'set' && op.kind !== 'add') return { change: { key, op: op as StoredChange['op'] } }
    const { blobs, supports } = this.#parts
    const { expiresAt } = op.entry
    const value = encodeWithin(op.entry.value, supports.maxValueBytes ?? MAX_ROW_BYTES)
    if (value === undefined) {
      // A set takes the old value with it: nobody shall read what its writer tried to replace. An add asks whether there is one.
      const nothing: StoredEntry = { value: 0, expiresAt: Number.NEGATIVE_INFINITY }
      const instead =
        op.kind === 'set' ? ({ kind: 'delete' } as const) : ({ kind: 'add', entry: nothing } as const)
      return { change: { key, op: instead }, refusal: TOO_LARGE }
    }
    const change: StoredChange = { key, op: { kind: op.kind, entry: { value, expiresAt } } }
    if (typeof value === 'number' || blobs === undefined || !isOver(value, MAX_INLINE_BYTES))
      return { change }
    return { change, large: value }
  }

  /** Whether they may take several calls, one after the other: what is asked for later must wait for the last of them. */
  mayTakeSteps(prepared: readonly Prepared[]): boolean {
    return (
      prepared.some(({ change, large }) => large !== undefined || this.#isAcross(change)) ||
      mayTakeCalls(prepared.map(({ change }) => change))
    )
  }

  #isAcross({ key, op }: StoredChange): boolean {
    return op.kind === 'move' && !this.#parts.owners.haveSame(key, op.to)
  }

  /** Commits for all who ask, in order; each who asked gets the outcomes of his own changes, or his own owner's failure. */
  async commit(commits: readonly Commit[], prepared: readonly Prepared[]): Promise<Promise<Outcome[]>[]> {
    // They are of one turn, in which no clock should have moved; if one did, the later reading is true for all.
    const now = Math.max(...commits.map((commit) => commit.now))
    const outcomes = await this.#commitAll(prepared, now)
    let next = 0
    return commits.map(async ({ changes }) => {
      next += changes.length
      return outcomes.slice(next - changes.length, next).map(given)
    })
  }

  async #commitAll(prepared: readonly Prepared[], now: number): Promise<Settled<Outcome>[]> {
    const outcomes: Settled<Outcome>[] = []
    let within: Prepared[] = []
    for (const one of prepared) {
      const { key, op } = one.change
      if (op.kind !== 'move' || !this.#isAcross(one.change)) {
        within.push(one)
        continue
      }
      // A move between two owners cannot be part of either's batch.
      outcomes.push(...(await this.#commitWithinOwners(within, now)))
      within = []
      outcomes.push(...(await Promise.allSettled([this.#moveAcross(key, op.to, now)])))
    }
    if (outcomes.length === 0) return this.#commitWithinOwners(within, now)
    outcomes.push(...(await this.#commitWithinOwners(within, now)))
    return outcomes
  }

  async #commitWithinOwners(prepared: readonly Prepared[], now: number): Promise<Settled<Outcome>[]> {
    const [lone] = prepared
    if (prepared.length === 1 && lone !== undefined && lone.large === undefined) {
      return [await this.#commitOne(lone, now)]
    }
    // Without delay where there is nothing to write first: reads asked for after it are to come after it.
    const changes = prepared.some(({ large }) => large !== undefined)
      ? await Promise.allSettled(prepared.map((one) => this.#ready(one, now)))
      : prepared.map(({ change }) => ({ status: 'fulfilled' as const, value: change }))
    const sent = changes.flatMap((change) => (change.status === 'fulfilled' ? [change.value] : []))
    const answers = await this.#send(sent, now)
    let next = 0
    return Promise.allSettled(
      changes.map(async (change, index) => {
        // What could not be made ready was not sent, and has no answer.
        const sentChange = given(change)
        const place = next++
        const key = () => keyAfter(place, sent, answers)
        return this.#outcome(prepared[index] as Prepared, sentChange.op, given(answers[place]), now, key)
      }),
    )
  }

  /** Most commits are of one change: without the sorting. */
  async #commitOne(prepared: Prepared, now: number): Promise<Settled<Outcome>> {
    try {
      const [answer] = await this.#send([prepared.change], now)
      const { key, op } = prepared.change
      const value = await this.#outcome(prepared, op, given(answer), now, () => key)
      return { status: 'fulfilled', value }
    } catch (reason) {
      return { status: 'rejected', reason }
    }
  }

  #ready({ change, large }: Prepared, now: number): StoredChange | Promise<StoredChange> {
    if (large === undefined) return change
    return this.#upload(change, large, now)
  }

  async #upload(change: StoredChange, large: Encoded, now: number): Promise<StoredChange> {
    const { key, op } = change
    if (op.kind !== 'set' && op.kind !== 'add') return change
    const { expiresAt } = op.entry
    // A set of what is dead already stores nothing.
    if (!isOpen(expiresAt, now)) return { key, op: { ...op, entry: { value: 0, expiresAt } } }
    const value = await this.#blobs.put(key, large, expiresAt, now)
    return { key, op: { ...op, entry: { value, expiresAt } } }
  }

  async #send(changes: readonly StoredChange[], now: number): Promise<Settled<StoredOutcome>[]> {
    const { owners, memory } = this.#parts
    if (memory === undefined) return owners.commit(changes, now, () => {})
    const notes = new Map<string, Written>()
    for (const key of new Set(changes.flatMap(keysOf))) notes.set(key, memory.noteWriting(key, now))
    const begunAt = performance.now()
    const answers = await owners.commit(changes, now, (change, stamp) => {
      for (const key of keysOf(change)) memory.noteStored(key, notes.get(key) as Written, stamp)
    })
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') continue
      const failedAt = now + (performance.now() - begunAt)
      for (const key of keysOf(changes[index] as StoredChange)) {
        memory.noteFailed(key, notes.get(key) as Written, failedAt, isCertain(answer.reason))
      }
    }
    return answers
  }

  /** An owner's answer as what it is to the caller. `keyAfter` tells where the entry is by now, if nothing took its place. */
  #outcome(
    { refusal }: Prepared,
    op: StoredChange['op'],
    answer: StoredOutcome,
    now: number,
    keyAfter: () => string | undefined,
  ): Outcome | Promise<Outcome> {
    if (refusal !== undefined && (answer.ok || answer.reason !== 'exists')) return refusal
    if (!answer.ok && answer.reason === 'outlived') {
      const key = keyAfter()
      return key === undefined ? OK : this.#prolong(key, op, answer.entry, now)
    }
    if (!answer.ok || answer.entry === undefined) return answer
    return this.#popped(answer.entry as StoredEntry, now)
  }

  /** What was taken out, and nothing that was stored since. */
  async #popped(stored: StoredEntry, now: number): Promise<Outcome> {
    const whole = blobOf(stored) === undefined ? stored : await this.#taken(stored, now)
    const entry = whole && decodeEntry(whole)
    return entry === undefined ? MISSING : { ok: true, entry }
  }

  async #taken(stored: StoredEntry, now: number): Promise<StoredEntry | undefined> {
    try {
      return await this.#blobs.follow(stored, now)
    } catch (cause) {
      throw new Error('A large value was taken out, and could not be read: it is gone', { cause })
    }
  }

  /** A touch to beyond the life of the value's blob: the same value in a new one. */
  async #prolong(key: string, op: StoredChange['op'], entry: StoredEntry, now: number): Promise<Outcome> {
    const blob = blobOf(entry)
    const whole = await this.#blobs.follow(entry, now)
    if (op.kind !== 'touch' || blob === undefined || whole === undefined) return MISSING
    const to = await this.#blobs.put(key, whole.value as Encoded, op.expiresAt, now)
    const [answer] = await this.#send([{ key, op, blob: { from: blob.name, to } }], now)
    return given(answer) as Outcome
  }

  /** Copied, then deleted: only a custom key function can bring a key's versions to different owners. */
  async #moveAcross(from: string, to: string, now: number): Promise<Outcome> {
    const { owners } = this.#parts
    const [read] = await owners.read([from], 'value')
    const entry = given(read) ?? undefined
    if (!isLive(entry, now)) return MISSING
    // Who keeps note of a blob is the owner of its key: the other gets a blob of its own.
    const whole = blobOf(entry) === undefined ? entry : await this.#blobs.follow(entry, now)
    if (whole === undefined) return MISSING
    const set: StoredChange = { key: to, op: { kind: 'set', entry: whole } }
    const ready = whole === entry ? set : await this.#upload(set, whole.value as Encoded, now)
    for (const change of [ready, { key: from, op: { kind: 'delete' } }] as const) {
      const [answer] = await this.#send([change], now)
      given(answer)
    }
    return { ok: true }
  }

  get #blobs(): Blobs {
    const { blobs } = this.#parts
    if (blobs === undefined) throw new Error(NO_KV)
    return blobs
  }
}

const OK: Outcome = { ok: true }
const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }
const MISSING: Outcome = { ok: false, reason: 'missing' }

/**
 * Where an entry is after the changes that came later in the same batch; `undefined` if one of them removed it, or decided
 * anew what a touch decides.
 */
function keyAfter(
  place: number,
  changes: readonly StoredChange[],
  answers: readonly Settled<StoredOutcome>[],
): string | undefined {
  let key = changes[place]?.key
  for (const [index, change] of changes.entries()) {
    const answer = answers[index]
    if (index <= place || change.key !== key || answer?.status !== 'fulfilled') continue
    if (!answer.value.ok && answer.value.reason !== 'outlived') continue
    if (change.op.kind !== 'move') return undefined
    key = change.op.to
  }
  return key
}

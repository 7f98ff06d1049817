import type { Change, Outcome } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { isLive, isOpen, keptUntil, keysOf, unclaimed } from '../../core/operations.ts'
import { blobOf } from './blob-pointer.ts'
import { decodeEntry, encodeWithin } from './codec.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { Written } from './isolate-memory.ts'
import { MAX_INLINE_BYTES, MAX_ROW_BYTES } from './limits.ts'
import { isCertain } from './owner-errors.ts'
import { isOver, mayTakeCalls } from './payload-size.ts'
import type { Encoded, StoredChange, StoredEntry, StoredOp, StoredOutcome } from './protocol.ts'
import { settledValue } from './shard-client.ts'

type Settled<T> = PromiseSettledResult<T>

/** A change as it is sent to its owner. */
export interface Prepared {
  readonly change: StoredChange
  /** The value to upload to KV first. */
  readonly large?: Encoded
  /** The outcome of a value that cannot be stored, unless the owner reports that the key exists. */
  readonly refusal?: Outcome
}

/** Sends changes to their owners, after uploading large values to KV. */
export class EdgeWriter {
  readonly #parts: EdgeParts

  constructor(parts: EdgeParts) {
    this.#parts = parts
  }

  prepare({ key, op }: Change): Prepared {
    if (!('entry' in op)) return { change: { key, op: op as StoredOp } }
    const { blobs, supports } = this.#parts
    const value = encodeWithin(op.entry.value, supports.maxValueBytes ?? MAX_ROW_BYTES)
    // An expired entry is never stored. A set removes the old value with it, which nobody may read any more.
    if (value === undefined) {
      return { change: withEntry(key, op, EXPIRED), refusal: TOO_LARGE }
    }
    const change = withEntry(key, op, { ...op.entry, value })
    const isLarge = typeof value === 'object' && blobs.isAvailable && isOver(value, MAX_INLINE_BYTES)
    return isLarge ? { change, large: value } : { change }
  }

  /** True if the changes may take several calls one after the other. Later calls must then wait for the last of them. */
  mayTakeSteps(prepared: readonly Prepared[]): boolean {
    return (
      prepared.some(({ change, large }) => large !== undefined || this.#targetOf(change) !== undefined) ||
      mayTakeCalls(prepared.map(({ change }) => change))
    )
  }

  /** Commits in order. Each caller gets the outcomes of its own changes, or the failure of their owner. */
  async commit(commits: readonly Commit[], prepared: readonly Prepared[]): Promise<Promise<Outcome[]>[]> {
    const now = Math.max(...commits.map((commit) => commit.now))
    const outcomes: Settled<Outcome>[] = []
    let batch: Prepared[] = []
    for (const one of prepared) {
      const target = this.#targetOf(one.change)
      if (target === undefined) {
        batch.push(one)
        continue
      }
      outcomes.push(...(await this.#commitBatch(batch, now)))
      batch = []
      outcomes.push(...(await Promise.allSettled([this.#moveAcross(one.change.key, target, now)])))
    }
    outcomes.push(...(await this.#commitBatch(batch, now)))
    let next = 0
    return commits.map(async ({ changes }) => {
      next += changes.length
      return outcomes.slice(next - changes.length, next).map(settledValue)
    })
  }

  /** The target key of a move to another owner, which cannot be part of either owner's batch. */
  #targetOf({ key, op }: StoredChange): string | undefined {
    const { client } = this.#parts
    return 'to' in op && client.shardOf(key) !== client.shardOf(op.to) ? op.to : undefined
  }

  async #commitBatch(prepared: readonly Prepared[], now: number): Promise<Settled<Outcome>[]> {
    // Without an upload nothing is awaited before the call, so that reads asked for later are also sent later.
    const ready: Settled<StoredChange>[] = prepared.some(({ large }) => large !== undefined)
      ? await Promise.allSettled(prepared.map(({ change, large }) => this.#upload(change, large, now)))
      : prepared.map(({ change }) => ({ status: 'fulfilled', value: change }))
    const sent = ready.flatMap((change) => (change.status === 'fulfilled' ? [change.value] : []))
    const answers = await this.#send(sent, now)
    let next = 0
    return Promise.allSettled(
      ready.map(async (change, index) => {
        // A change whose upload failed was not sent, and has no answer.
        const { op } = settledValue(change)
        const place = next++
        const answer = settledValue(answers[place])
        const { refusal } = prepared[index] as Prepared
        if (refusal !== undefined && (answer.ok || answer.reason !== 'exists')) return refusal
        if (answer.ok)
          return answer.entry === undefined ? answer : this.#popped(answer.entry as StoredEntry, now)
        if (answer.reason !== 'outlived') return answer
        const key = keyAfter(place, sent, answers)
        return key === undefined ? OK : this.#prolong(key, op, answer.entry, now)
      }),
    )
  }

  async #upload(change: StoredChange, large: Encoded | undefined, now: number): Promise<StoredChange> {
    const { key, op } = change
    if (large === undefined || !('entry' in op)) return change
    const { entry } = op
    // An expired entry is not stored, and needs no blob.
    if (!isOpen(entry.expiresAt, now)) return withEntry(key, op, EXPIRED)
    const value = await this.#parts.blobs.put(key, large, keptUntil(entry), now)
    return withEntry(key, op, { ...entry, value })
  }

  async #send(changes: readonly StoredChange[], now: number): Promise<Settled<StoredOutcome>[]> {
    const { client, memory } = this.#parts
    if (memory === undefined) return client.commit(changes, now, () => {})
    const notes = new Map<string, Written>()
    for (const key of new Set(changes.flatMap(keysOf))) notes.set(key, memory.noteWriting(key, now))
    const begunAt = performance.now()
    const answers = await client.commit(changes, now, (change, stamp) => {
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

  /** The entry that `pop` removed, with its value. */
  async #popped(stored: StoredEntry, now: number): Promise<Outcome> {
    const whole = await this.#parts.blobs.follow(stored, now).catch((cause: unknown) => {
      throw new Error('A large value was removed from the cache and could not be read: it is gone', { cause })
    })
    const entry = whole && decodeEntry(whole)
    return entry === undefined ? MISSING : { ok: true, entry }
  }

  /** A touch beyond the lifetime of the value's blob stores the value in a new blob. */
  async #prolong(key: string, op: StoredOp, entry: StoredEntry, now: number): Promise<Outcome> {
    const { blobs } = this.#parts
    const blob = blobOf(entry)
    const whole = await blobs.follow(entry, now)
    if (!('expiresAt' in op) || blob === undefined || whole === undefined) return MISSING
    const until = keptUntil({ ...entry, expiresAt: op.expiresAt })
    const to = await blobs.put(key, whole.value as Encoded, until, now)
    const [answer] = await this.#send([{ key, op, blob: { from: blob.name, to } }], now)
    return settledValue(answer) as Outcome
  }

  /** Copies, then deletes. Only a custom key function can give versions of a key to different owners. */
  async #moveAcross(from: string, to: string, now: number): Promise<Outcome> {
    const { client, blobs } = this.#parts
    const stored = settledValue((await client.read([from], 'value'))[0]) ?? undefined
    if (!isLive(stored, now)) return MISSING
    const entry = unclaimed(stored) as StoredEntry
    // Each owner looks after the blobs of its own keys, so the target gets a new blob.
    const whole = await blobs.follow(entry, now)
    if (whole === undefined) return MISSING
    const set: StoredChange = { key: to, op: { kind: 'set', entry: whole } }
    const copy = whole === entry ? set : await this.#upload(set, whole.value as Encoded, now)
    for (const change of [copy, { key: from, op: { kind: 'delete' } }] as const) {
      settledValue((await this.#send([change], now))[0])
    }
    return OK
  }
}

const OK: Outcome = { ok: true }
const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }
const MISSING: Outcome = { ok: false, reason: 'missing' }

function withEntry(
  key: string,
  op: Extract<Change['op'], { readonly entry: unknown }>,
  entry: StoredEntry,
): StoredChange {
  return { key, op: { ...op, entry } }
}

/** An operation that stores it removes what is there. */
const EXPIRED: StoredEntry = { value: 0, expiresAt: Number.NEGATIVE_INFINITY }

/** Where the entry is after the later changes of the batch. `undefined` if one of them removed it, or set its deadline again. */
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
    if (!('to' in change.op)) return undefined
    key = change.op.to
  }
  return key
}

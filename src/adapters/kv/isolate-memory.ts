import { type Clears, clearedAt } from './generations.ts'
import { CLOCKS, KEPT_UP } from './limits.ts'
import { FORGOTTEN_AFTER } from './sweep-time.ts'

/** A write of this isolate. */
export interface Written {
  /** Epoch milliseconds. */
  readonly at: number
  /** The owner's stamp of the write; while it is not known whether it was made, one that no copy has. */
  stamp: number
  /** The stamp of an earlier one, which the owner may have had after it. */
  least: number
  /** Epoch milliseconds by which it has been made, if it ever will be. */
  decidedBy: number
  /** What was remembered of the key before, in case nothing was done. */
  before: Written | undefined
}

/**
 * What an isolate remembers of one cache from request to request, and that belongs to none of them: what it wrote, so that it
 * sees it; where there was no copy, so that it does not pay for looking again; and what was cleared.
 */
export class IsolateMemory {
  readonly #written = new Map<string, Written>()
  readonly #absent = new Map<string, number>()
  readonly #clears = new Map<string, number>()
  /** Epoch milliseconds at which each clear was last heard of, the oldest first. */
  readonly #clearsHeardAt = new Map<string, number>()
  #clearsReadAt = Number.NEGATIVE_INFINITY
  /** By shard, which of its storages the owner last said that it has. */
  readonly #incarnations = new Map<number, string>()
  /** When the last of the forgotten writes began: for a while after it no copy is trusted, which may not have it yet. */
  #forgottenAt: number
  #lastWriteAt: number
  /** Hears of each write, once this memory is not the one that the cache's next adapter gets. */
  onWrite: ((now: number) => void) | undefined

  constructor(forgottenAt: number = Number.NEGATIVE_INFINITY) {
    this.#forgottenAt = forgottenAt
    this.#lastWriteAt = forgottenAt
  }

  /** Keys and scopes that it remembers. */
  get size(): number {
    return this.#written.size + this.#absent.size + this.#clears.size
  }

  /** When the last write or clear began. */
  get lastWriteAt(): number {
    return this.#lastWriteAt
  }

  /** Writes of up to this time are not remembered here. */
  forgetBefore(time: number): void {
    this.#forgottenAt = Math.max(this.#forgottenAt, time)
  }

  /** Whether to look for a copy at all, `cacheTtl` milliseconds being what a location keeps of KV. */
  mayHaveCopy(key: string, now: number, cacheTtl: number): boolean {
    if (now < this.#forgottenAt + cacheTtl + SETTLED) return false
    const written = this.#written.get(key)
    if (written !== undefined) {
      if (now < written.at + cacheTtl) return false
      // Not even what the owner says now would tell whether a copy is of before or after it.
      if (isUndecided(written) && now < written.decidedBy) return false
      if (now >= written.at + LAPSED) this.#written.delete(key)
    }
    const absentAt = this.#absent.get(key)
    // A location keeps a miss as long as a value: asking again would only cost.
    return absentAt === undefined || !isWithin(cacheTtl, absentAt, now)
  }

  /** Whether a copy with this stamp and generation is of after all that this isolate knows of. */
  trusts(key: string, stamp: number, generation: number): boolean {
    const written = this.#written.get(key)
    // Not forgotten with the first copy that has it: KV may give an older one after it.
    if (written !== undefined && stamp < Math.max(written.stamp, written.least)) return false
    return generation >= clearedAt(this.#clears, key)
  }

  /** Whether a copy would be trusted if only it were known whether a write that failed was made after it. */
  isInDoubt(key: string, stamp: number, generation: number): boolean {
    const written = this.#written.get(key)
    if (written === undefined || !isUndecided(written) || stamp < written.least) return false
    return generation >= clearedAt(this.#clears, key)
  }

  /** The owner has the very entry that a copy with this stamp is of: the write in doubt was not made, or is in it. */
  noteConfirmed(key: string, stamp: number): void {
    const written = this.#written.get(key)
    if (written === undefined || !isUndecided(written)) return
    written.stamp = stamp
    this.#absent.delete(key)
  }

  noteAbsent(key: string, now: number): void {
    this.#absent.delete(key)
    if (this.#absent.size >= MAX_BATCH_KEYS) deleteFirst(this.#absent)
    this.#absent.set(key, now)
  }

  /** A write begins: until its stamp is known, no copy has it. */
  noteWriting(key: string, now: number): Written {
    this.#noteWrite(now)
    const before = this.#written.get(key)
    if (before !== undefined) before.before = undefined
    const written = { at: now, stamp: UNDECIDED, least: 0, decidedBy: now + SETTLED, before }
    this.#remember(key, written)
    return written
  }

  /** A write was answered. */
  noteStored(key: string, written: Written, stamp: number): void {
    written.stamp = stamp
    const latest = this.#written.get(key)
    if (latest === undefined) this.#remember(key, written)
    else if (latest !== written) latest.least = Math.max(latest.least, stamp)
  }

  /** A write failed. If nothing was done, it is as if it had never been asked for. Otherwise it may still be done, for a while. */
  noteFailed(key: string, written: Written, now: number, isCertain: boolean): void {
    if (!isCertain) {
      written.stamp = UNDECIDED
      written.decidedBy = now + IN_DOUBT
      return
    }
    // Another change of the same call may have been made.
    if (!isUndecided(written) || this.#written.get(key) !== written) return
    const { before, least } = written
    if (before === undefined) {
      this.#written.delete(key)
    } else {
      before.least = Math.max(before.least, least)
      this.#written.set(key, before)
    }
  }

  areClearsKnown(now: number, cacheTtl: number): boolean {
    return isWithin(cacheTtl, this.#clearsReadAt, now)
  }

  noteClears(clears: Clears, now: number): void {
    let last = 0
    for (const generation of clears.values()) last = Math.max(last, generation)
    const at = Date.now()
    for (const [scope, generation] of this.#clears) {
      // What was cleared since may not be told in KV yet. What is not told there any more was so long ago that no copy is of before.
      const isOver = generation <= last || (this.#clearsHeardAt.get(scope) ?? at) < at - FORGOTTEN_AFTER
      if (isOver) this.#forgetClear(scope)
    }
    for (const [scope, generation] of clears) {
      this.#setClear(scope, Math.max(generation, this.#clears.get(scope) ?? 0), at)
    }
    this.#clearsReadAt = now
  }

  noteClear(scope: string, generation: number): void {
    const at = Date.now()
    this.#noteWrite(at)
    if (this.#clears.size >= MAX_BATCH_KEYS) {
      const [oldest, heardAt] = this.#clearsHeardAt.entries().next().value ?? ['', at]
      this.forgetBefore(heardAt)
      this.#forgetClear(oldest)
    }
    this.#setClear(scope, Math.max(generation, this.#clears.get(scope) ?? 0), at)
  }

  /** An owner has answered, and said which storage it has. */
  noteIncarnation(shard: number, incarnation: string | undefined): void {
    if (incarnation !== undefined) this.#incarnations.set(shard, incarnation)
  }

  /** Whether a copy was written by an owner that has lost its storage since. Not known before the owner has answered once. */
  isOfLostStorage(shard: number, incarnation: string | undefined): boolean {
    const current = this.#incarnations.get(shard)
    return current !== undefined && incarnation !== undefined && incarnation !== current
  }

  #noteWrite(now: number): void {
    this.#lastWriteAt = Math.max(this.#lastWriteAt, now)
    this.onWrite?.(now)
  }

  #setClear(scope: string, generation: number, at: number): void {
    this.#forgetClear(scope)
    this.#clears.set(scope, generation)
    this.#clearsHeardAt.set(scope, at)
  }

  #forgetClear(scope: string): void {
    this.#clears.delete(scope)
    this.#clearsHeardAt.delete(scope)
  }

  #remember(key: string, written: Written): void {
    this.#written.delete(key)
    const [first] = this.#written.size >= MAX_BATCH_KEYS ? this.#written.values() : []
    if (first !== undefined) {
      this.#forgottenAt = Math.max(this.#forgottenAt, first.at)
      deleteFirst(this.#written)
    }
    this.#written.set(key, written)
  }
}

function isUndecided({ stamp }: Written): boolean {
  return stamp === UNDECIDED
}

const UNDECIDED = Number.POSITIVE_INFINITY
/** Milliseconds after which a call that was seen to fail does nothing more at its owner, by far. */
const IN_DOUBT = 60_000
/** Keys of each kind. */
const MAX_BATCH_KEYS = 10_000
/** Milliseconds after which a write has reached every location, by far, if its owner can write to KV: that speaks of 60 s "or more". */
const SETTLED = 600_000
/** Milliseconds after which no copy of before a write says anything any more, even if its owner cannot write to KV. */
const LAPSED: number = KEPT_UP + CLOCKS

/** Also where a clock was set back: what was learned in its future is not known for ever. */
function isWithin(milliseconds: number, at: number, now: number): boolean {
  return Math.abs(now - at) < milliseconds
}

function deleteFirst(map: Map<string, unknown>): void {
  for (const first of map.keys()) {
    map.delete(first)
    return
  }
}

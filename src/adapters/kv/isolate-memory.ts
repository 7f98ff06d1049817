import type { Entry } from '../../core/adapter.ts'
import { Invalidations } from './invalidations.ts'
import { CLEAR_RETENTION_MS, CLOCK_SKEW_MS, KV_PROPAGATION_MS, REPLICA_LIFETIME_MS } from './limits.ts'

/** A write of this isolate. Times are epoch milliseconds. */
export interface Written {
  readonly at: number
  /** The owner's stamp of the write, or `UNDECIDED` while it is not known whether the write was made. */
  stamp: number
  /** The stamp of an earlier write that the owner may have received later. */
  least: number
  /** The time after which a write without an answer will not be made any more. */
  decidedBy: number
  /** The record that this one replaced, in case the write was not made. */
  before: Written | undefined
}

/**
 * What an isolate remembers of one cache across requests: its writes, for read-your-writes; keys without a replica, so that it does
 * not pay for looking again; clears; and invalidated tags.
 */
export class IsolateMemory {
  readonly #written = new Map<string, Written>()
  readonly #absent = new Map<string, number>()
  readonly #invalidations = new Invalidations()
  /** When each clear or invalidated tag was last seen, in epoch milliseconds, the oldest first. */
  readonly #heardAt = new Map<string, number>()
  #announcedAt = Number.NEGATIVE_INFINITY
  /** By shard, the storage from which its owner last answered. */
  readonly #incarnations = new Map<number, string>()
  /** When the last forgotten write began. For a while no replica is trusted, because it may lack that write. */
  #forgottenAt: number
  #lastWriteAt: number
  /** Called for each write once this memory was dropped, and the cache's next adapter gets another one. */
  onWrite: ((now: number) => void) | undefined

  constructor(forgottenAt: number = Number.NEGATIVE_INFINITY) {
    this.#forgottenAt = forgottenAt
    this.#lastWriteAt = forgottenAt
  }

  /** The number of keys and scopes remembered. */
  get size(): number {
    return this.#written.size + this.#absent.size + this.#invalidations.all.size
  }

  /** When the last write or clear began. */
  get lastWriteAt(): number {
    return this.#lastWriteAt
  }

  /** Treats writes up to this time as forgotten. */
  forgetBefore(time: number): void {
    this.#forgottenAt = Math.max(this.#forgottenAt, time)
  }

  /** True if a replica should be looked for. `cacheTtl` in milliseconds. */
  mayHaveReplica(key: string, now: number, cacheTtl: number): boolean {
    if (now < this.#forgottenAt + cacheTtl + KV_PROPAGATION_MS) return false
    const written = this.#written.get(key)
    if (written !== undefined) {
      if (now < written.at + cacheTtl) return false
      // Until then, not even the owner's answer tells whether a replica is older than the write.
      if (isUndecided(written) && now < written.decidedBy) return false
      if (now >= written.at + REPLICA_LAPSE_MS) this.#written.delete(key)
    }
    const absentAt = this.#absent.get(key)
    // A location caches a miss as long as a value, so a second look would find nothing new.
    return absentAt === undefined || !isWithin(cacheTtl, absentAt, now)
  }

  /** True if a replica with this stamp and generation includes all writes and clears that this isolate knows of. */
  trusts(key: string, stamp: number, generation: number): boolean {
    const written = this.#written.get(key)
    // The write is not forgotten with the first replica that includes it: KV may return an older one later.
    if (written !== undefined && stamp < Math.max(written.stamp, written.least)) return false
    return !this.#invalidations.isCleared(key, generation)
  }

  /** True if a replica would be trusted but for a write that failed, and may have been made after it. */
  isInDoubt(key: string, stamp: number, generation: number): boolean {
    const written = this.#written.get(key)
    if (written === undefined || !isUndecided(written) || stamp < written.least) return false
    return !this.#invalidations.isCleared(key, generation)
  }

  /** The owner has the same entry as a replica with this stamp: the write in doubt was not made, or is included. */
  noteConfirmed(key: string, stamp: number): void {
    const written = this.#written.get(key)
    if (written === undefined || !isUndecided(written)) return
    written.stamp = stamp
    this.#absent.delete(key)
  }

  noteAbsent(key: string, now: number): void {
    this.#absent.delete(key)
    if (this.#absent.size >= MAX_REMEMBERED_KEYS) deleteFirst(this.#absent)
    this.#absent.set(key, now)
  }

  /** Call before a write is sent. Until its stamp is known, no replica is trusted for the key. */
  noteWriting(key: string, now: number): Written {
    this.#noteWrite(now)
    const before = this.#written.get(key)
    if (before !== undefined) before.before = undefined
    const written = { at: now, stamp: UNDECIDED, least: 0, decidedBy: now + KV_PROPAGATION_MS, before }
    this.#remember(key, written)
    return written
  }

  /** Call when a write was answered. */
  noteStored(key: string, written: Written, stamp: number): void {
    written.stamp = stamp
    const latest = this.#written.get(key)
    if (latest === undefined) this.#remember(key, written)
    else if (latest !== written) latest.least = Math.max(latest.least, stamp)
  }

  /** Call when a write failed. `isCertain`: it was not made. Otherwise it may still be made for a while. */
  noteFailed(key: string, written: Written, now: number, isCertain: boolean): void {
    if (!isCertain) {
      written.stamp = UNDECIDED
      written.decidedBy = now + IN_DOUBT_MS
      return
    }
    // Another change of the key in the same call may have been made.
    if (!isUndecided(written) || this.#written.get(key) !== written) return
    const { before, least } = written
    if (before === undefined) {
      this.#written.delete(key)
    } else {
      before.least = Math.max(before.least, least)
      this.#written.set(key, before)
    }
  }

  /** What the invalidated tags that this isolate knows of leave of a replica. */
  remainder<E extends Entry>(entry: E, generation: number): E | undefined {
    return this.#invalidations.remainder(entry, generation)
  }

  areInvalidationsKnown(now: number, cacheTtl: number): boolean {
    return isWithin(cacheTtl, this.#announcedAt, now)
  }

  /** Call with what is announced in KV: the clears and invalidated tags by name. */
  noteAnnounced(announced: ReadonlyMap<string, number>, now: number): void {
    let last = 0
    for (const generation of announced.values()) last = Math.max(last, generation)
    const at = Date.now()
    for (const [name, generation] of [...this.#invalidations.all]) {
      // A later clear may not be in KV yet. One that is no longer in KV is so old that no replica precedes it.
      const isOver = generation <= last || (this.#heardAt.get(name) ?? at) < at - CLEAR_RETENTION_MS
      if (isOver) this.#forget(name)
    }
    for (const [name, generation] of announced) {
      this.#hear(name, Math.max(generation, this.#invalidations.all.get(name) ?? 0), at)
    }
    this.#announcedAt = now
  }

  /** Call when this isolate has cleared a scope or invalidated a tag, with its name. */
  noteInvalidation(name: string, generation: number): void {
    const at = Date.now()
    this.#noteWrite(at)
    if (this.#invalidations.all.size >= MAX_INVALIDATIONS) {
      const [oldest, heardAt] = this.#heardAt.entries().next().value ?? ['', at]
      this.forgetBefore(heardAt)
      this.#forget(oldest)
    }
    this.#hear(name, Math.max(generation, this.#invalidations.all.get(name) ?? 0), at)
  }

  /** Call when an owner has answered, with the storage it answered from. */
  noteIncarnation(shard: number, incarnation: string | undefined): void {
    if (incarnation !== undefined) this.#incarnations.set(shard, incarnation)
  }

  /** True if a replica was written by an owner that has lost its storage since. Unknown before the owner's first answer. */
  isOfLostStorage(shard: number, incarnation: string | undefined): boolean {
    const current = this.#incarnations.get(shard)
    return current !== undefined && incarnation !== undefined && incarnation !== current
  }

  #noteWrite(now: number): void {
    this.#lastWriteAt = Math.max(this.#lastWriteAt, now)
    this.onWrite?.(now)
  }

  #hear(name: string, generation: number, at: number): void {
    this.#heardAt.delete(name)
    this.#heardAt.set(name, at)
    this.#invalidations.set(name, generation)
  }

  #forget(name: string): void {
    this.#invalidations.delete(name)
    this.#heardAt.delete(name)
  }

  #remember(key: string, written: Written): void {
    this.#written.delete(key)
    const [first] = this.#written.size >= MAX_REMEMBERED_KEYS ? this.#written.values() : []
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
/** After this time a call that failed has no further effect at its owner. */
const IN_DOUBT_MS = 60_000
/** Per kind. */
const MAX_REMEMBERED_KEYS = 10_000
/** More than owners announce. */
const MAX_INVALIDATIONS = 20_000
/** After this time every replica from before a write has lapsed, even if its owner cannot write to KV. */
const REPLICA_LAPSE_MS: number = REPLICA_LIFETIME_MS + CLOCK_SKEW_MS

/** Holds in both directions, in case the clock was set back. */
function isWithin(milliseconds: number, at: number, now: number): boolean {
  return Math.abs(now - at) < milliseconds
}

function deleteFirst(map: Map<string, unknown>): void {
  for (const first of map.keys()) {
    map.delete(first)
    return
  }
}

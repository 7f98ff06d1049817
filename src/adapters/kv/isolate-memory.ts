import { type Clears, clearedAt } from './generations.ts'
import { CLOCKS, KEPT_UP } from './limits.ts'

/** A write of this isolate. */
export interface Written {
  /** Epoch milliseconds. */
  readonly at: number
  /** The owner's stamp of the write; while it is under way, and if it failed, one that no copy has. */
  stamp: number
  /** The stamp of an earlier one, which the owner may have had after it. */
  least: number
}

/**
 * What an isolate remembers of one cache from request to request, and that belongs to none of them: what it wrote, so that it
 * sees it; where there was no copy, so that it does not pay for looking again; and what was cleared.
 */
export class IsolateMemory {
  readonly #written = new Map<string, Written>()
  readonly #absent = new Map<string, number>()
  #clears: Clears = new Map()
  #clearsReadAt = Number.NEGATIVE_INFINITY
  /** When the last of the forgotten writes began: for a while after it no copy is trusted, which may not have it yet. */
  #forgottenAt = Number.NEGATIVE_INFINITY

  /** Whether to look for a copy at all, `cacheTtl` milliseconds being what a location keeps of KV. */
  mayHaveCopy(key: string, now: number, cacheTtl: number): boolean {
    if (now < this.#forgottenAt + cacheTtl + SETTLED) return false
    const written = this.#written.get(key)
    if (written !== undefined) {
      if (now < written.at + cacheTtl) return false
      if (now >= written.at + LAPSED) this.#written.delete(key)
    }
    const absentAt = this.#absent.get(key)
    // A location keeps a miss as long as a value: asking again would only cost.
    return absentAt === undefined || now >= absentAt + cacheTtl
  }

  /** Whether a copy with this stamp and generation is of after all that this isolate knows of. */
  trusts(key: string, stamp: number, generation: number): boolean {
    const written = this.#written.get(key)
    // Not forgotten with the first copy that has it: KV may give an older one after it.
    if (written !== undefined && stamp < Math.max(written.stamp, written.least)) return false
    return generation >= clearedAt(this.#clears, key)
  }

  noteAbsent(key: string, now: number): void {
    this.#absent.delete(key)
    if (this.#absent.size >= MOST) deleteFirst(this.#absent)
    this.#absent.set(key, now)
  }

  /** A write begins: until its stamp is known, no copy has it. */
  noteWriting(key: string, now: number): Written {
    const written = { at: now, stamp: Number.POSITIVE_INFINITY, least: 0 }
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

  areClearsKnown(now: number, cacheTtl: number): boolean {
    return now < this.#clearsReadAt + cacheTtl
  }

  noteClears(clears: Clears, now: number): void {
    let last = 0
    for (const generation of clears.values()) last = Math.max(last, generation)
    // What was cleared since may not be told in KV yet. What is not told there any more was so long ago that no copy is of before.
    const since = [...this.#clears].filter(([, generation]) => generation > last)
    this.#clears = new Map([...clears, ...since])
    this.#clearsReadAt = now
  }

  noteClear(scope: string, generation: number): void {
    this.#clears = new Map([...this.#clears, [scope, Math.max(generation, this.#clears.get(scope) ?? 0)]])
  }

  #remember(key: string, written: Written): void {
    this.#written.delete(key)
    const [first] = this.#written.size >= MOST ? this.#written.values() : []
    if (first !== undefined) {
      this.#forgottenAt = Math.max(this.#forgottenAt, first.at)
      deleteFirst(this.#written)
    }
    this.#written.set(key, written)
  }
}

/** Keys of each kind. */
const MOST = 10_000
/** Milliseconds after which a write has reached every location, by far, if its owner can write to KV: that speaks of 60 s "or more". */
const SETTLED = 600_000
/** Milliseconds after which no copy of before a write says anything any more, even if its owner cannot write to KV. */
const LAPSED: number = KEPT_UP + CLOCKS

function deleteFirst(map: Map<string, unknown>): void {
  for (const first of map.keys()) {
    map.delete(first)
    return
  }
}

const memories = new WeakMap<object, Map<string, IsolateMemory>>()

/** The isolate's memory of the cache whose copies in `kv` begin with `prefix`. A binding is the same object in all requests. */
export function memoryOf(kv: object, prefix: string): IsolateMemory {
  let byPrefix = memories.get(kv)
  if (byPrefix === undefined) {
    byPrefix = new Map()
    memories.set(kv, byPrefix)
  }
  let memory = byPrefix.get(prefix)
  if (memory === undefined) {
    memory = new IsolateMemory()
    byPrefix.set(prefix, memory)
  }
  return memory
}

import { type Clears, clearedAt } from './generations.ts'

/** A write of this isolate. */
export interface Written {
  /** Epoch milliseconds. */
  readonly at: number
  /** The owner's stamp of the write; while it is under way, and if it failed, one that no copy has. */
  stamp: number
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
  /** Until then no copy is trusted: a write was forgotten that copies may not have yet. */
  #distrustUntil = Number.NEGATIVE_INFINITY

  /** Whether to look for a copy at all, `cacheTtl` milliseconds being what a location keeps of KV. */
  mayHaveCopy(key: string, now: number, cacheTtl: number): boolean {
    if (now < this.#distrustUntil) return false
    const written = this.#written.get(key)
    if (written !== undefined) {
      if (now < written.at + cacheTtl) return false
      if (now >= written.at + HORIZON) this.#written.delete(key)
    }
    const absentAt = this.#absent.get(key)
    // A location keeps a miss as long as a value: asking again would only cost.
    return absentAt === undefined || now >= absentAt + cacheTtl
  }

  /** Whether a copy with this stamp and generation is of after all that this isolate knows of. */
  trusts(key: string, stamp: number, generation: number): boolean {
    const written = this.#written.get(key)
    if (written !== undefined) {
      if (stamp < written.stamp) return false
      this.#written.delete(key)
    }
    return generation >= clearedAt(this.#clears, key)
  }

  noteAbsent(key: string, now: number): void {
    this.#absent.delete(key)
    if (this.#absent.size >= MOST) deleteFirst(this.#absent)
    this.#absent.set(key, now)
  }

  /** A write begins: until its stamp is known, no copy has it. */
  noteWriting(key: string, now: number): Written {
    this.#written.delete(key)
    if (this.#written.size >= MOST) this.#forgetFirst()
    const written = { at: now, stamp: Number.POSITIVE_INFINITY }
    this.#written.set(key, written)
    return written
  }

  areClearsKnown(now: number, cacheTtl: number): boolean {
    return now < this.#clearsReadAt + cacheTtl
  }

  noteClears(clears: Clears, now: number): void {
    const merged = new Map(clears)
    // What this isolate cleared itself may not be told in KV yet.
    for (const [scope, generation] of this.#clears) {
      if (generation > (merged.get(scope) ?? 0)) merged.set(scope, generation)
    }
    this.#clears = merged
    this.#clearsReadAt = now
  }

  noteClear(scope: string, generation: number): void {
    this.#clears = new Map([...this.#clears, [scope, Math.max(generation, this.#clears.get(scope) ?? 0)]])
  }

  #forgetFirst(): void {
    const first = this.#written.values().next().value
    if (first !== undefined) this.#distrustUntil = Math.max(this.#distrustUntil, first.at + HORIZON)
    deleteFirst(this.#written)
  }
}

/** Keys of each kind. */
const MOST = 10_000
/** Milliseconds after which a write has reached every location, by far: KV speaks of 60 s "or more". */
const HORIZON = 600_000

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

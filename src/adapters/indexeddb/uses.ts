import { results } from './requests.ts'
import type { Use } from './schema.ts'

/**
 * When entries were last used, as far as this page knows: noted here on each use, written down now and then. What a page
 * has noted and not yet written is lost with it, and its entries then look less used than they were.
 */
export class Notes {
  #stamps = new Map<string, number>()
  #last = 0

  get size(): number {
    return this.#stamps.size
  }

  note(key: string, now: number): void {
    this.keep(key, this.stamp(now))
  }

  keep(key: string, stamp: number): void {
    this.#stamps.delete(key)
    this.#stamps.set(key, stamp)
    for (const oldest of this.#stamps.keys()) {
      if (this.#stamps.size <= MOST) break
      this.#stamps.delete(oldest)
    }
  }

  /** The time, and always later than the one before: uses of one moment have an order too. */
  stamp(now: number): number {
    this.#last = Math.max(now, this.#last + STEP)
    return this.#last
  }

  /** When a key was last used, if that is noted and not yet written down. */
  stampOf(key: string): number | undefined {
    return this.#stamps.get(key)
  }

  take(): ReadonlyMap<string, number> {
    const taken = this.#stamps
    this.#stamps = new Map()
    return taken
  }

  /** For notes that could not be written. */
  putBack(taken: ReadonlyMap<string, number>): void {
    this.#stamps = new Map([...taken, ...this.#stamps])
  }
}

const MOST = 10_000
/** A fraction of a millisecond that sums of milliseconds since 1970 still show. */
const STEP = 2 ** -10

/** Writes notes down, for the entries that are still there. */
export async function writeNotes(
  transaction: IDBTransaction,
  notes: ReadonlyMap<string, number>,
): Promise<void> {
  const keys = [...notes.keys()]
  const uses = transaction.objectStore('uses')
  const entries = transaction.objectStore('entries')
  const [known, present] = await Promise.all([
    results(keys.map((key): IDBRequest<Use | undefined> => uses.get(key))),
    results(keys.map((key) => entries.getKey(key))),
  ])
  for (const [index, key] of keys.entries()) {
    const use = known[index]
    const used = notes.get(key) as number
    if (present[index] !== undefined && (use === undefined || use.used < used))
      uses.put({ ...use, used }, key)
  }
}

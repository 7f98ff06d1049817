import { result, results } from './requests.ts'
import { TOTALS, type Totals, type Use } from './schema.ts'

/**
 * The order in which entries were last used, as far as this page knows it. It is a count, kept in the database and continued
 * by whoever writes, and not the time: clocks of tabs and sessions need not agree.
 *
 * A use is noted here, and written down now and then. What a page has noted and not written is lost with it, and its entries
 * then look less used than they were.
 */
export class Notes {
  /** The counts are of this page; `#base` says where they stand in the database's order. */
  #counts = new Map<string, number>()
  #count = 0
  #base = 0
  #isSynced = false
  readonly #monotonic: () => number
  /** The highest use written more than {@link SHORTLY_MS} ago, as far as this page has seen, and the later ones. */
  #settled = 0
  readonly #later: { readonly from: number; last: number }[] = []

  /** `monotonic` gives milliseconds that never go back. */
  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic
  }

  get size(): number {
    return this.#counts.size
  }

  note(key: string): void {
    this.#keep(key, ++this.#count)
  }

  /** Notes a use that {@link next} gave and that is not written down. */
  keep(key: string, used: number): void {
    this.#keep(key, used - this.#base)
  }

  #keep(key: string, count: number): void {
    this.#counts.delete(key)
    this.#counts.set(key, count)
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= MAX_NOTES) break
      this.#counts.delete(oldest)
    }
  }

  /** Learns the database's last use: what this page has noted came after it. Before {@link next}, in each transaction. */
  sync(last: number): void {
    const now = this.#monotonic()
    if (!this.#isSynced) this.#settled = last
    this.#isSynced = true
    this.#base = Math.max(this.#base, last - this.#count)
    for (
      let [first] = this.#later;
      first !== undefined && now - first.from >= SHORTLY_MS;
      [first] = this.#later
    ) {
      this.#settled = Math.max(this.#settled, first.last)
      this.#later.shift()
    }
    const newest = this.#later.at(-1)
    if (newest === undefined || now - newest.from >= SHORTLY_MS / 6) this.#later.push({ from: now, last })
    else newest.last = Math.max(newest.last, last)
  }

  /** The next use: higher than all that were synced or given. */
  next(): number {
    const used = this.#base + ++this.#count
    const newest = this.#later.at(-1)
    if (newest !== undefined) newest.last = used
    return used
  }

  /** True if a use was written down so shortly ago that a further one need only be noted. */
  isRecent(used: number): boolean {
    return used > this.#settled
  }

  /** When a key was last used, if that is noted and not yet written down. */
  useOf(key: string): number | undefined {
    const count = this.#counts.get(key)
    return count === undefined ? undefined : this.#base + count
  }

  take(): TakenNotes {
    const taken = this.#counts
    this.#counts = new Map()
    return taken
  }

  /** For notes that could not be written. */
  putBack(taken: TakenNotes): void {
    this.#counts = new Map([...taken, ...this.#counts])
  }

  /** Writes notes down, for the entries that are still there, and gives the highest use that it wrote. */
  async write(transaction: IDBTransaction, taken: TakenNotes): Promise<number> {
    const keys = [...taken.keys()]
    const uses = transaction.objectStore('uses')
    const entries = transaction.objectStore('entries')
    const totals = transaction.objectStore('totals')
    const [known, present, stored] = await Promise.all([
      results(keys.map((key): IDBRequest<Use | undefined> => uses.get(key))),
      results(keys.map((key) => entries.getKey(key))),
      result<Totals | undefined>(totals.get(TOTALS)),
    ])
    this.sync(stored?.used ?? (await lastUse(transaction)))
    let last = 0
    for (const [index, key] of keys.entries()) {
      const use = known[index]
      const used = this.#base + (taken.get(key) as number)
      if (present[index] === undefined || (use !== undefined && use.used >= used)) continue
      uses.put({ ...use, used }, key)
      last = Math.max(last, used)
    }
    if (stored !== undefined && last > (stored.used ?? 0)) totals.put({ ...stored, used: last }, TOTALS)
    return last
  }
}

/** Keys, and when each was used by the count of this page. */
export type TakenNotes = ReadonlyMap<string, number>

const MAX_NOTES = 10_000

/** What a page that dies may leave unsaid of the uses of its entries. */
const SHORTLY_MS = 60_000

/** The last use that is written down. Earlier databases have milliseconds since 1970 there: the count goes on from them. */
export async function lastUse(transaction: IDBTransaction): Promise<number> {
  const uses = transaction.objectStore('uses').index('used')
  const cursor = await result(uses.openKeyCursor(null, 'prev'))
  return (cursor?.key as number | undefined) ?? 0
}

import { result, results } from './requests.ts'
import { TOTALS, type Totals, type Use } from './schema.ts'

/**
 * The order in which entries were last used, as far as this page knows it. A use is a count that is kept in the database and
 * continued by whoever writes. It is not a time, so the clocks of tabs and sessions need not agree.
 *
 * Uses are noted in memory and written now and then. If a page dies, the uses that it has not written are lost, and those
 * entries look less recently used than they were.
 */
export class AccessLog {
  /** By the count of this page: `#base` is what the database has in addition. */
  #noted = new Map<string, number>()
  #count = 0
  #base = 0
  #isSynced = false
  readonly #monotonicNow: () => number
  /** The highest use that was written more than {@link RECENT_MS} ago, as far as this page knows, and the later ones. */
  #settled = 0
  readonly #recent: { readonly from: number; last: number }[] = []

  /** `monotonicNow` gives milliseconds that never go back. */
  constructor(monotonicNow: () => number = () => performance.now()) {
    this.#monotonicNow = monotonicNow
  }

  get size(): number {
    return this.#noted.size
  }

  note(key: string): void {
    this.#keep(key, ++this.#count)
  }

  /** Notes a use from {@link next} that is not written. */
  keep(key: string, used: number): void {
    this.#keep(key, used - this.#base)
  }

  #keep(key: string, count: number): void {
    this.#noted.delete(key)
    this.#noted.set(key, count)
    for (const oldest of this.#noted.keys()) {
      if (this.#noted.size <= MAX_NOTED_KEYS) break
      this.#noted.delete(oldest)
    }
  }

  /** Takes over the last use in the database. What this page has noted came later. Call it in each transaction, before {@link next}. */
  sync(last: number): void {
    const now = this.#monotonicNow()
    if (!this.#isSynced) this.#settled = last
    this.#isSynced = true
    this.#base = Math.max(this.#base, last - this.#count)
    let oldest = this.#recent[0]
    while (oldest !== undefined && now - oldest.from >= RECENT_MS) {
      this.#settled = Math.max(this.#settled, oldest.last)
      this.#recent.shift()
      oldest = this.#recent[0]
    }
    const newest = this.#recent.at(-1)
    if (newest === undefined || now - newest.from >= RECENT_MS / 6) this.#recent.push({ from: now, last })
    else newest.last = Math.max(newest.last, last)
  }

  /** The next use: higher than all others. */
  next(): number {
    const used = this.#base + ++this.#count
    const newest = this.#recent.at(-1)
    if (newest !== undefined) newest.last = used
    return used
  }

  /** True if this use was written so recently that the next one of the key need only be noted. */
  isRecent(used: number): boolean {
    return used > this.#settled
  }

  /** The last use of a key, if it is noted and not written yet. */
  useOf(key: string): number | undefined {
    const count = this.#noted.get(key)
    return count === undefined ? undefined : this.#base + count
  }

  take(): NotedUses {
    const taken = this.#noted
    this.#noted = new Map()
    return taken
  }

  putBack(taken: NotedUses): void {
    this.#noted = new Map([...taken, ...this.#noted])
  }

  /** Writes noted uses of the entries that are still there. Resolves with the highest use that was written. */
  async write(transaction: IDBTransaction, taken: NotedUses): Promise<number> {
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

/** Keys, and the count of this page at which each was used. */
type NotedUses = ReadonlyMap<string, number>

const MAX_NOTED_KEYS = 10_000

/** A use is written again after this time. */
const RECENT_MS = 60_000

/** The last use in the database. Databases of earlier versions have epoch milliseconds there: the count continues from them. */
export async function lastUse(transaction: IDBTransaction): Promise<number> {
  const uses = transaction.objectStore('uses').index('used')
  const cursor = await result(uses.openKeyCursor(null, 'prev'))
  return (cursor?.key as number | undefined) ?? 0
}

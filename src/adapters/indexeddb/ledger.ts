import { estimateBytes } from '../../core/bytes.ts'
import { readEntries } from './entries.ts'
import { result, results } from './requests.ts'
import { TOTALS, type Totals, type Use } from './schema.ts'
import { lastUse, type Notes } from './uses.ts'

/** What all entries come to, and when each was last used, kept up with what one transaction does. */
export class Ledger {
  entries = 0
  bytes = 0
  /** The last use that is written down. */
  used = 0
  #stored: Totals | undefined
  readonly #transaction: IDBTransaction
  readonly #weighs: boolean
  readonly #notes: Notes
  readonly #uses = new Map<string, Use | undefined>()

  private constructor(transaction: IDBTransaction, weighs: boolean, notes: Notes) {
    this.#transaction = transaction
    this.#weighs = weighs
    this.#notes = notes
  }

  static async open(
    transaction: IDBTransaction,
    keys: readonly string[],
    weighs: boolean,
    notes: Notes,
  ): Promise<Ledger> {
    const ledger = new Ledger(transaction, weighs, notes)
    const totals = transaction.objectStore('totals').get(TOTALS)
    const [stored] = await Promise.all([result<Totals | undefined>(totals), ledger.know(keys)])
    if (stored !== undefined && (stored.bytes > 0 || !weighs)) ledger.#stored = stored
    const { entries, bytes } = ledger.#stored ?? (await countAll(transaction, weighs))
    ledger.entries = entries
    ledger.bytes = bytes
    ledger.used = stored?.used ?? (await lastUse(transaction))
    notes.sync(ledger.used)
    if (ledger.#stored === undefined) {
      // Counting has written down uses and weights that were not there before.
      ledger.#uses.clear()
      await ledger.know(keys)
    }
    return ledger
  }

  /** To be called before the keys are put or removed. */
  async know(keys: readonly string[]): Promise<void> {
    const unknown = keys.filter((key) => !this.#uses.has(key))
    const found = await usesOf(this.#transaction, unknown)
    for (const [index, key] of unknown.entries()) this.#uses.set(key, found[index])
  }

  has(key: string): boolean {
    return this.#uses.get(key) !== undefined
  }

  /** What is left out stays as it was. A use shortly after another is noted, and not written. */
  put(key: string, bytes: number | undefined, used: number | undefined): void {
    const before = this.#uses.get(key)
    const use: Use = { used: used ?? before?.used ?? 0, bytes: bytes ?? before?.bytes ?? 0 }
    if (before !== undefined && use.bytes === before.bytes) {
      if (used === undefined) return
      if (this.#notes.isRecent(before.used)) {
        this.#notes.keep(key, used)
        return
      }
    }
    if (before === undefined) this.entries += 1
    this.bytes += (use.bytes ?? 0) - (before?.bytes ?? 0)
    this.used = Math.max(this.used, use.used)
    this.#uses.set(key, use)
    this.#transaction.objectStore('uses').put(use, key)
  }

  remove(key: string): void {
    const before = this.#uses.get(key)
    if (before === undefined) return
    this.entries -= 1
    this.bytes -= before.bytes ?? 0
    this.#uses.set(key, undefined)
  }

  /** Writes the totals down. */
  write(): void {
    const { entries, used } = this
    const bytes = this.#weighs ? this.bytes : 0
    const stored = this.#stored
    if (stored?.entries === entries && stored.bytes === bytes && stored.used === used) return
    const totals: Totals = { entries, bytes, used }
    this.#transaction.objectStore('totals').put(totals, TOTALS)
  }
}

/** Leaves them to be counted anew by the next who writes within limits. */
export function forgetTotals(transaction: IDBTransaction): void {
  transaction.objectStore('totals').delete(TOTALS)
}

export function weightOf(key: string, value: unknown): number {
  return estimateBytes(key) + estimateBytes(value)
}

/**
 * Counts what is there, where that is not known: once. What was written without this limit is weighed, and counts as least
 * recently used. Nothing is put for the others: a full storage has no room for what is there already.
 */
async function countAll(
  transaction: IDBTransaction,
  weighs: boolean,
): Promise<{ entries: number; bytes: number }> {
  const keys = (await result(transaction.objectStore('entries').getAllKeys())) as string[]
  let bytes = 0
  for (let start = 0; start < keys.length; start += PORTION) {
    const portion = keys.slice(start, start + PORTION)
    const uses = await usesOf(transaction, portion)
    const unknown = portion.filter((_, index) => !(weighs ? uses[index]?.bytes : uses[index]))
    const entries = weighs ? await readEntries(transaction, unknown, () => true) : []
    for (const use of uses) bytes += use?.bytes ?? 0
    for (const [index, key] of unknown.entries()) {
      const weight = weighs ? weightOf(key, entries[index]?.value) : 0
      bytes += weight
      const used = uses[portion.indexOf(key)]?.used ?? 0
      transaction.objectStore('uses').put({ used, bytes: weight }, key)
    }
  }
  return { entries: keys.length, bytes }
}

/** Few enough that their values fit in memory together. */
const PORTION = 100

function usesOf(transaction: IDBTransaction, keys: readonly string[]): Promise<(Use | undefined)[]> {
  const uses = transaction.objectStore('uses')
  return results(keys.map((key): IDBRequest<Use | undefined> => uses.get(key)))
}

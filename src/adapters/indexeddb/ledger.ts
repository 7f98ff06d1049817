import { estimateBytes } from '../../core/bytes.ts'
import { readEntries } from './entries.ts'
import { result, results } from './requests.ts'
import type { Totals, Use } from './schema.ts'

/** What all entries come to, and when each was last used, kept up with what one transaction does. */
export class Ledger {
  entries = 0
  bytes = 0
  #stored: Totals | undefined
  readonly #transaction: IDBTransaction
  readonly #weighs: boolean
  readonly #uses = new Map<string, Use | undefined>()

  private constructor(transaction: IDBTransaction, weighs: boolean) {
    this.#transaction = transaction
    this.#weighs = weighs
  }

  static async open(transaction: IDBTransaction, keys: readonly string[], weighs: boolean): Promise<Ledger> {
    const ledger = new Ledger(transaction, weighs)
    const totals = transaction.objectStore('totals').get(TOTALS)
    const [stored] = await Promise.all([result<Totals | undefined>(totals), ledger.know(keys)])
    if (stored !== undefined && (stored.bytes > 0 || !weighs)) ledger.#stored = stored
    Object.assign(ledger, ledger.#stored ?? (await countAll(transaction, weighs)))
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

  /**
   * What is left out stays as it was. Gives whether anything is written: nothing is when all there is to tell is a use
   * shortly after another.
   */
  put(key: string, bytes: number | undefined, used: number | undefined): boolean {
    const before = this.#uses.get(key)
    const use: Use = { used: used ?? before?.used ?? 0, bytes: bytes ?? before?.bytes ?? 0 }
    if (before !== undefined && use.bytes === before.bytes && use.used - before.used < SHORTLY) return false
    if (before === undefined) this.entries += 1
    this.bytes += (use.bytes ?? 0) - (before?.bytes ?? 0)
    this.#uses.set(key, use)
    this.#transaction.objectStore('uses').put(use, key)
    return true
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
    const totals: Totals = { entries: this.entries, bytes: this.#weighs ? this.bytes : 0 }
    if (this.#stored?.entries === totals.entries && this.#stored.bytes === totals.bytes) return
    this.#transaction.objectStore('totals').put(totals, TOTALS)
  }
}

const TOTALS = 'all'

/** Milliseconds. What a page that dies may have left unsaid of the uses of its entries. */
const SHORTLY = 60_000

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
async function countAll(transaction: IDBTransaction, weighs: boolean): Promise<Totals> {
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

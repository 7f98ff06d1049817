import { estimateBytes } from '../../core/bytes.ts'
import { readEntries } from './entries.ts'
import { result, results } from './requests.ts'
import type { Totals, Use } from './schema.ts'

/** What all entries come to, and when each was last used, kept up with what one transaction does. */
export class Ledger {
  entries: number
  bytes: number
  readonly #transaction: IDBTransaction
  readonly #weighs: boolean
  readonly #uses = new Map<string, Use | undefined>()

  private constructor(transaction: IDBTransaction, { entries, bytes }: Totals, weighs: boolean) {
    this.#transaction = transaction
    this.#weighs = weighs
    this.entries = entries
    this.bytes = bytes
  }

  static async open(transaction: IDBTransaction, keys: readonly string[], weighs: boolean): Promise<Ledger> {
    const totals: Totals | undefined = await result(transaction.objectStore('totals').get(TOTALS))
    const isKnown = totals !== undefined && (totals.bytes > 0 || !weighs)
    const ledger = new Ledger(transaction, isKnown ? totals : await countAll(transaction, weighs), weighs)
    await ledger.know(keys)
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

  /** What is left out stays as it was. */
  put(key: string, bytes: number | undefined, used: number | undefined): void {
    const before = this.#uses.get(key)
    const weight = bytes ?? before?.bytes ?? 0
    const use: Use = { used: used ?? before?.used ?? 0, bytes: weight }
    if (before === undefined) this.entries += 1
    this.bytes += weight - (before?.bytes ?? 0)
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
    const totals: Totals = { entries: this.entries, bytes: this.#weighs ? this.bytes : 0 }
    this.#transaction.objectStore('totals').put(totals, TOTALS)
  }
}

const TOTALS = 'all'

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

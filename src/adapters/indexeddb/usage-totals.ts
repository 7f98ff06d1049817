import { estimateBytes } from '../../core/bytes.ts'
import { type AccessLog, lastUse } from './access-log.ts'
import { readEntries } from './entries.ts'
import { result, results } from './requests.ts'
import { TOTALS, type Totals, type Use } from './schema.ts'

/** The number of entries, their weight and their uses, kept up to date within one transaction. */
export class UsageTotals {
  entries = 0
  bytes = 0
  /** The last use in the database. */
  used = 0
  #stored: Totals | undefined
  readonly #transaction: IDBTransaction
  readonly #weighs: boolean
  readonly #log: AccessLog
  readonly #uses = new Map<string, Use | undefined>()

  private constructor(transaction: IDBTransaction, weighs: boolean, log: AccessLog) {
    this.#transaction = transaction
    this.#weighs = weighs
    this.#log = log
  }

  static async open(
    transaction: IDBTransaction,
    keys: readonly string[],
    weighs: boolean,
    log: AccessLog,
  ): Promise<UsageTotals> {
    const totals = new UsageTotals(transaction, weighs, log)
    const row = transaction.objectStore('totals').get(TOTALS)
    const [stored] = await Promise.all([result<Totals | undefined>(row), totals.load(keys)])
    if (stored !== undefined && (stored.bytes > 0 || !weighs)) totals.#stored = stored
    const { entries, bytes } = totals.#stored ?? (await countAll(transaction, weighs))
    totals.entries = entries
    totals.bytes = bytes
    totals.used = stored?.used ?? (await lastUse(transaction))
    log.sync(totals.used)
    if (totals.#stored === undefined) {
      // Counting has written uses and weights that were missing.
      totals.#uses.clear()
      await totals.load(keys)
    }
    return totals
  }

  /** Reads the uses of keys. Call it before they are put or removed. */
  async load(keys: readonly string[]): Promise<void> {
    const unknown = keys.filter((key) => !this.#uses.has(key))
    const found = await usesOf(this.#transaction, unknown)
    for (const [index, key] of unknown.entries()) this.#uses.set(key, found[index])
  }

  has(key: string): boolean {
    return this.#uses.get(key) !== undefined
  }

  /** If `bytes` or `used` is `undefined`, it stays as it was. A use shortly after another one is only noted. */
  put(key: string, bytes: number | undefined, used: number | undefined): void {
    const before = this.#uses.get(key)
    const use: Use = { used: used ?? before?.used ?? 0, bytes: bytes ?? before?.bytes ?? 0 }
    if (before !== undefined && use.bytes === before.bytes) {
      if (used === undefined) return
      if (this.#log.isRecent(before.used)) {
        this.#log.keep(key, used)
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

  /** Puts the totals, if they have changed. */
  write(): void {
    const { entries, used } = this
    const bytes = this.#weighs ? this.bytes : 0
    const stored = this.#stored
    if (stored?.entries === entries && stored.bytes === bytes && stored.used === used) return
    const totals: Totals = { entries, bytes, used }
    this.#transaction.objectStore('totals').put(totals, TOTALS)
  }
}

/** The weight of an entry, which `maxBytes` limits. */
export function weigh(key: string, value: unknown): number {
  return estimateBytes(key) + estimateBytes(value)
}

/**
 * Counts and weighs all entries. Those that were written without this limit count as least recently used. Nothing is put for the
 * others: a full storage has no space even for what is there already.
 */
async function countAll(
  transaction: IDBTransaction,
  weighs: boolean,
): Promise<{ entries: number; bytes: number }> {
  const keys = (await result(transaction.objectStore('entries').getAllKeys())) as string[]
  let bytes = 0
  for (let start = 0; start < keys.length; start += MAX_VALUES_IN_MEMORY) {
    const portion = keys.slice(start, start + MAX_VALUES_IN_MEMORY)
    const uses = await usesOf(transaction, portion)
    const unknown = portion.filter((_, index) => !(weighs ? uses[index]?.bytes : uses[index]))
    const entries = weighs ? await readEntries(transaction, unknown, () => true) : []
    for (const use of uses) bytes += use?.bytes ?? 0
    for (const [index, key] of unknown.entries()) {
      const weight = weighs ? weigh(key, entries[index]?.value) : 0
      bytes += weight
      const used = uses[portion.indexOf(key)]?.used ?? 0
      transaction.objectStore('uses').put({ used, bytes: weight }, key)
    }
  }
  return { entries: keys.length, bytes }
}

const MAX_VALUES_IN_MEMORY = 100

function usesOf(transaction: IDBTransaction, keys: readonly string[]): Promise<(Use | undefined)[]> {
  const uses = transaction.objectStore('uses')
  return results(keys.map((key): IDBRequest<Use | undefined> => uses.get(key)))
}

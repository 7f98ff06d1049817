import type { BatchDecision } from '../../core/batch.ts'
import { clearEntries, putEntry, removeEntries, removeEntry, Written } from './entries.ts'
import type { EntryWriter, WriteDecision } from './eviction-policy.ts'
import { TOTALS } from './schema.ts'

/** Writes entries without counting them, and without an order of use. */
export class NoLimits implements EntryWriter {
  /** True once the totals of a time with limits, which are wrong from now on, are deleted. */
  #areTotalsDeleted = false

  fits(): boolean {
    return true
  }

  prepare(transaction: IDBTransaction): WriteDecision {
    return (decision) => {
      this.#deleteTotals(transaction)
      return writeAll(transaction, decision)
    }
  }

  remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
    this.#deleteTotals(transaction)
    return removeEntries(transaction, keys)
  }

  clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): void {
    deleteTotals(transaction)
    clearEntries(transaction, range)
  }

  #deleteTotals(transaction: IDBTransaction): void {
    if (this.#areTotalsDeleted) return
    deleteTotals(transaction)
    transaction.addEventListener('complete', () => {
      this.#areTotalsDeleted = true
    })
  }
}

function writeAll(transaction: IDBTransaction, { writes }: BatchDecision): Written {
  const written = new Written()
  for (const [key, entry] of writes) {
    if (entry === undefined) removeEntry(transaction, key)
    else putEntry(transaction, key, entry, written)
  }
  return written
}

/** The next write with limits counts all entries again. */
export function deleteTotals(transaction: IDBTransaction): void {
  transaction.objectStore('totals').delete(TOTALS)
}

import type { Entry } from '../../core/adapter.ts'
import type { BatchDecision } from '../../core/batch.ts'
import { putEntry } from './entries.ts'
import { forgetTotals } from './ledger.ts'
import { isNamed } from './requests.ts'
import type { Store } from './schema.ts'
import type { Notes } from './uses.ts'

/** How entries are written, removed and cleared, and what is kept about them. */
export interface Keeping {
  /** False for an entry that can never be held, whatever makes room. */
  fits(key: string, entry: Entry): boolean
  /** Asks for what must be known before these keys, or some of them, are written. */
  prepare(transaction: IDBTransaction, keys: readonly string[]): Promise<Write>
  remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void>
  /** Removes a range of keys; `undefined` = all. */
  clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void>
}

/** Writes what a batch came to. */
export type Write = (decision: BatchDecision) => Promise<Written>

/** What became of a batch's writes. */
export class Written {
  /** The keys whose values the browser does not take. They are removed. */
  readonly refused: Set<string> = new Set()
  /** The keys that had to make room. */
  readonly evicted: Set<string> = new Set()
  /** True if there is a huge value among them: see `huge.ts`. */
  isHuge = false
}

/** Entries without limits: nothing is counted, and a use is only noted. */
export class Unbounded implements Keeping {
  readonly #notes: Notes
  /** Whether totals of a time with limits, which are right no longer, are gone. */
  #areForgotten = false

  constructor(notes: Notes) {
    this.#notes = notes
  }

  fits(): boolean {
    return true
  }

  async prepare(transaction: IDBTransaction): Promise<Write> {
    return async ({ writes, uses }) => {
      this.#forgetTotals(transaction)
      const written = new Written()
      for (const [key, entry] of writes) {
        if (entry === undefined) drop(transaction, key)
        else put(transaction, key, entry, written)
      }
      for (const [key, operation] of uses) if (operation.isUse) this.#notes.note(key)
      return written
    }
  }

  async remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
    this.#forgetTotals(transaction)
    for (const key of keys) drop(transaction, key)
  }

  async clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void> {
    forgetTotals(transaction)
    clearStores(transaction, range)
  }

  #forgetTotals(transaction: IDBTransaction): void {
    if (this.#areForgotten) return
    forgetTotals(transaction)
    transaction.addEventListener('complete', () => {
      this.#areForgotten = true
    })
  }
}

/** Removes a range of keys, `undefined` = all, and what is known of their use. */
export function clearStores(transaction: IDBTransaction, range: IDBKeyRange | undefined): void {
  for (const name of KEYED) {
    const store = transaction.objectStore(name)
    if (range === undefined) store.clear()
    else store.delete(range)
  }
}

/** Removes an entry and what is known of its use. */
export function drop(transaction: IDBTransaction, key: string): void {
  for (const name of KEYED) transaction.objectStore(name).delete(key)
}

/** The stores that have something under an entry's key. */
const KEYED: readonly Store[] = ['entries', 'values', 'uses']

/** Puts an entry, and gives whether the browser took it. If not, what stood there is gone. */
export function put(transaction: IDBTransaction, key: string, entry: Entry, written: Written): boolean {
  try {
    if (putEntry(transaction, key, entry)) written.isHuge = true
    return true
  } catch (error) {
    if (!isOfValue(error)) throw error
    written.refused.add(key)
    drop(transaction, key)
    return false
  }
}

/** Whether an error may say something about the value: not that the transaction has ended, or that the store is not ours. */
function isOfValue(error: unknown): boolean {
  return !isNamed(error, 'TransactionInactiveError', 'InvalidStateError', 'DataError')
}

import type { BatchDecision } from '../../core/batch.ts'
import { deleteEntry, putEntry } from './entries.ts'
import type { Store } from './schema.ts'
import type { Notes } from './uses.ts'

/** How entries are written, removed and cleared, and what is kept about them. */
export interface Keeping {
  /** The stores that each of these needs, of a readwrite transaction. */
  readonly stores: Store[]
  /** Asks for what must be known before these keys, or some of them, are written. */
  prepare(transaction: IDBTransaction, keys: readonly string[]): Promise<Write>
  remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void>
  /** Removes a range of keys; `undefined` = all. */
  clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void>
}

/** Writes what a batch came to. Gives the keys whose values the browser cannot take; they are removed. */
export type Write = (decision: BatchDecision, now: number) => Promise<ReadonlySet<string>>

/** Entries without limits: nothing is counted, and a use is only noted. */
export class Unbounded implements Keeping {
  readonly stores: Store[] = ['entries', 'values', 'uses']
  readonly #notes: Notes

  constructor(notes: Notes) {
    this.#notes = notes
  }

  async prepare(transaction: IDBTransaction): Promise<Write> {
    return async ({ writes, uses }, now) => {
      const refused = new Set<string>()
      for (const [key, entry] of writes) {
        if (entry === undefined) drop(transaction, key)
        else if (!isPut(transaction, key, entry)) refused.add(key)
      }
      for (const [key, why] of uses) if (why !== 'touch') this.#notes.note(key, now)
      return refused
    }
  }

  async remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
    for (const key of keys) drop(transaction, key)
  }

  async clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void> {
    for (const name of this.stores) {
      const store = transaction.objectStore(name)
      if (range === undefined) store.clear()
      else store.delete(range)
    }
  }
}

/** Removes an entry and what is known of its use. */
export function drop(transaction: IDBTransaction, key: string): void {
  deleteEntry(transaction, key)
  transaction.objectStore('uses').delete(key)
}

/** Whether the browser took the value: one may be larger than it can pass on. If not, what stood there is gone. */
export function isPut(
  transaction: IDBTransaction,
  key: string,
  entry: Parameters<typeof putEntry>[2],
): boolean {
  try {
    putEntry(transaction, key, entry)
    return true
  } catch (error) {
    if (isOver(error)) throw error
    drop(transaction, key)
    return false
  }
}

/** Whether an error says that the transaction has ended, and nothing about the value. */
function isOver(error: unknown): boolean {
  return (
    error instanceof DOMException &&
    (error.name === 'TransactionInactiveError' || error.name === 'InvalidStateError')
  )
}

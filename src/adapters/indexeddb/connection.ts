import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb'
import type { Entry } from '../../core/adapter.ts'

export const STORE = 'entries'

/** Keys stand beside the entries (out-of-line): a key never travels with its value. */
export interface Schema extends DBSchema {
  [STORE]: { key: string; value: Entry }
}

export type Transaction<Mode extends IDBTransactionMode> = IDBPTransaction<Schema, [typeof STORE], Mode>

const SCHEMA_VERSION = 1

/** One open database, opened when first needed and again after it was closed, by us or underneath us. */
export class Connection {
  readonly #name: string
  #database: Promise<IDBPDatabase<Schema>> | undefined

  constructor(name: string) {
    this.#name = name
  }

  /** A transaction on a live connection. Nothing but its own requests may be awaited before it ends. */
  async transaction<Mode extends 'readonly' | 'readwrite'>(
    mode: Mode,
    durability: 'relaxed' | 'strict' = 'relaxed',
  ): Promise<Transaction<Mode>> {
    const opening = this.#open()
    const database = await opening
    try {
      return database.transaction([STORE], mode, { durability })
    } catch (error) {
      // Closed underneath us since it was opened; nothing was sent, so once more is safe.
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error
      this.#forget(opening)
      return (await this.#open()).transaction([STORE], mode, { durability })
    }
  }

  async close(): Promise<void> {
    const opening = this.#database
    this.#database = undefined
    // A connection that failed to open has nothing to close, and has told its own callers.
    const database = await opening?.catch(() => undefined)
    database?.close()
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    if (this.#database !== undefined) return this.#database
    const opening: Promise<IDBPDatabase<Schema>> = openDB<Schema>(this.#name, SCHEMA_VERSION, {
      upgrade: (database) => {
        database.createObjectStore(STORE)
      },
      // Another tab wants a newer schema, or to delete the database: never stand in its way.
      blocking: () => void this.close(),
      terminated: () => this.#forget(opening),
    })
    this.#database = opening
    // The next caller tries again.
    opening.catch(() => this.#forget(opening))
    return opening
  }

  #forget(opening: Promise<IDBPDatabase<Schema>>): void {
    if (this.#database === opening) this.#database = undefined
  }
}

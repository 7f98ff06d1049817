import { type IDBPDatabase, type OpenDBCallbacks, openDB, unwrap } from 'idb'
import { complete, isComplete, type Schema, type Store } from './schema.ts'

type Database = IDBPDatabase<Schema>

export interface ConnectionOptions {
  readonly name: string
  readonly durability: 'relaxed' | 'strict'
  /** Seconds. */
  readonly openTimeout: number
}

/** One open database, opened when first needed and again after it was closed, by us or underneath us. */
export class Connection {
  readonly #options: ConnectionOptions
  #database: Promise<Database> | undefined
  #blocked = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** A transaction on a live connection. Nothing but its own requests may be awaited before it ends. */
  async transaction(stores: Store[], mode: 'readonly' | 'readwrite'): Promise<IDBTransaction> {
    const { durability } = this.#options
    const opening = this.#open()
    const database = await this.#inTime(opening)
    try {
      return unwrap(database.transaction(stores, mode, { durability }))
    } catch (error) {
      // Closed underneath us, or stripped of a store, since it was opened. Nothing was sent, so once more is safe.
      if (!(error instanceof DOMException)) throw error
      if (error.name !== 'InvalidStateError' && error.name !== 'NotFoundError') throw error
      this.#forget(opening)
      database.close()
      const again = await this.#inTime(this.#open())
      return unwrap(again.transaction(stores, mode, { durability }))
    }
  }

  async close(): Promise<void> {
    const opening = this.#database
    this.#database = undefined
    // A connection that failed to open has nothing to close, and has told its own callers.
    const database = await opening?.catch(() => undefined)
    database?.close()
  }

  #open(): Promise<Database> {
    if (this.#database !== undefined) return this.#database
    const callbacks: OpenDBCallbacks<Schema> = {
      upgrade: (database, _old, _new, transaction) => complete(database, transaction),
      blocked: () => {
        this.#blocked = true
      },
      // Another tab wants to upgrade or delete the database: never stand in its way.
      blocking: () => void this.close(),
      terminated: () => this.#forget(opening),
    }
    const opening: Promise<Database> = openComplete(this.#options.name, callbacks)
    this.#database = opening
    opening.then(
      () => {
        this.#blocked = false
      },
      // The next caller tries again.
      () => this.#forget(opening),
    )
    return opening
  }

  #forget(opening: Promise<Database>): void {
    if (this.#database === opening) this.#database = undefined
  }

  /** Some browsers never answer, and another page may not let go: then this caller hears of it, and a later one may succeed. */
  #inTime(opening: Promise<Database>): Promise<Database> {
    const { name, openTimeout } = this.#options
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        const why = this.#blocked ? ': another page keeps an older version of it open' : ''
        reject(new Error(`The database "${name}" did not open within ${openTimeout} s${why}`))
      }
      const timer = setTimeout(giveUp, openTimeout * 1000)
      opening.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}

/** Opens the database as it is, and if anything is missing in it, makes that. */
async function openComplete(name: string, callbacks: OpenDBCallbacks<Schema>): Promise<Database> {
  let version: number | undefined
  for (let attempt = 1; ; attempt += 1) {
    try {
      const database = await openDB<Schema>(name, version, callbacks)
      if (isComplete(database)) return database
      version = database.version + 1
      database.close()
    } catch (error) {
      // Another tab was faster: look again at what there is now.
      if (!(error instanceof DOMException) || error.name !== 'VersionError' || attempt >= 5) throw error
      version = undefined
    }
  }
}

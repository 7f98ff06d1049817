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
    const opening = this.#open()
    const database = await this.#inTime(opening)
    try {
      return this.#begin(opening, database, stores, mode)
    } catch (error) {
      // Closed underneath us, or stripped of a store, since it was opened. Nothing was sent, so once more is safe.
      if (!(error instanceof DOMException)) throw error
      if (error.name !== 'InvalidStateError' && error.name !== 'NotFoundError') throw error
      this.#letGo(opening)
      const again = this.#open()
      return this.#begin(again, await this.#inTime(again), stores, mode)
    }
  }

  async close(): Promise<void> {
    const opening = this.#database
    if (opening === undefined) return
    this.#database = undefined
    // A connection that failed to open has nothing to close, and has told its own callers.
    const database = await this.#inTime(opening).catch(() => undefined)
    database?.close()
  }

  #begin(
    opening: Promise<Database>,
    database: Database,
    stores: Store[],
    mode: 'readonly' | 'readwrite',
  ): IDBTransaction {
    const { durability } = this.#options
    // Not by way of idb: of each transaction it makes a promise too, and when that fails, nobody is there to handle it.
    const transaction = unwrap(database).transaction(stores, mode, { durability })
    transaction.addEventListener('abort', () => {
      // The connection is lost, and may yet take transactions that never end.
      if (LOST.includes(transaction.error?.name ?? '')) this.#letGo(opening)
    })
    return transaction
  }

  #open(): Promise<Database> {
    if (this.#database !== undefined) return this.#database
    const callbacks: OpenDBCallbacks<Schema> = {
      upgrade: (database, _old, _new, transaction) => complete(database, transaction),
      blocked: () => {
        this.#blocked = true
      },
      // Another tab wants to upgrade or delete the database: never stand in its way.
      blocking: () => this.#letGo(opening),
      terminated: () => this.#letGo(opening),
    }
    const opening: Promise<Database> = openComplete(this.#options.name, callbacks)
    this.#database = opening
    opening.then(
      () => {
        this.#blocked = false
      },
      // The next caller tries again.
      () => this.#letGo(opening),
    )
    return opening
  }

  /** The next call opens another. This one is closed when what is under way on it has ended, or once it has opened. */
  #letGo(opening: Promise<Database>): void {
    if (this.#database === opening) this.#database = undefined
    opening.then(
      (database) => database.close(),
      () => {},
    )
  }

  /** Some browsers never answer, and another page may not let go: then this caller hears of it, and a later one may succeed. */
  #inTime(opening: Promise<Database>): Promise<Database> {
    const { name, openTimeout } = this.#options
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#letGo(opening)
        const why = this.#blocked ? ': another page keeps an older version of it open' : ''
        reject(new Error(`The database "${name}" did not open within ${openTimeout} s${why}`))
      }
      const timer = setTimeout(giveUp, openTimeout * 1000)
      opening.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}

/** The errors of a transaction whose connection was closed by force. One that was aborted by hand has none. */
const LOST = ['AbortError', 'UnknownError']

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

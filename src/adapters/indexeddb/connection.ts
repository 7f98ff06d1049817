import { type OpenDBCallbacks, openDB, unwrap } from 'idb'
import { isNamed } from './requests.ts'
import { complete, isComplete, type Schema, STORES } from './schema.ts'

export interface ConnectionOptions {
  readonly name: string
  readonly durability: 'relaxed' | 'strict'
  /** Seconds. */
  readonly openTimeout: number
}

/** One open database, opened when first needed and again after it was closed, by us or underneath us. */
export class Connection {
  readonly #options: ConnectionOptions
  #opening: Promise<IDBDatabase> | undefined
  /** What came of it: the way to a transaction that waits for nothing. */
  #opened: IDBDatabase | undefined
  #blocked = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** A transaction on all stores of a live connection. Nothing but its own requests may be awaited before it ends. */
  async transaction(mode: 'readonly' | 'readwrite'): Promise<IDBTransaction> {
    const database = this.#opened ?? (await this.#inTime(this.#open()))
    try {
      return this.#begin(database, mode)
    } catch (error) {
      // Closed underneath us, or stripped of a store, since it was opened. Nothing was sent, so once more is safe.
      if (!isNamed(error, 'InvalidStateError', 'NotFoundError')) throw error
      this.#letGo(database)
      return this.#begin(await this.#inTime(this.#open()), mode)
    }
  }

  async close(): Promise<void> {
    const opening = this.#opening
    if (opening === undefined) return
    this.#forget()
    // A connection that failed to open has nothing to close, and has told its own callers.
    const database = await this.#inTime(opening).catch(() => undefined)
    database?.close()
  }

  #begin(database: IDBDatabase, mode: 'readonly' | 'readwrite'): IDBTransaction {
    const { durability } = this.#options
    const transaction = database.transaction(STORES, mode, { durability })
    transaction.addEventListener('abort', () => {
      // The connection was closed by force, and may yet take transactions that never end. An abort by hand has no error.
      if (isNamed(transaction.error, 'AbortError', 'UnknownError')) this.#letGo(database)
    })
    return transaction
  }

  #open(): Promise<IDBDatabase> {
    if (this.#opening !== undefined) return this.#opening
    const opening: Promise<IDBDatabase> = openComplete(this.#options.name, {
      upgrade: (database, _old, _new, transaction) => complete(database, transaction),
      blocked: () => {
        this.#blocked = true
      },
      // Another tab wants to upgrade or delete the database: never stand in its way.
      blocking: () => this.#abandon(opening),
      terminated: () => this.#abandon(opening),
    })
    this.#opening = opening
    opening.then(
      (database) => {
        this.#blocked = false
        if (this.#opening === opening) this.#opened = database
      },
      // The next caller tries again.
      () => this.#abandon(opening),
    )
    return opening
  }

  /** The next call opens another. This one is closed when what is under way on it has ended. */
  #letGo(database: IDBDatabase): void {
    if (this.#opened === database) this.#forget()
    database.close()
  }

  /** The same for one that may not be open yet. */
  #abandon(opening: Promise<IDBDatabase>): void {
    if (this.#opening === opening) this.#forget()
    opening.then(
      (database) => database.close(),
      () => {},
    )
  }

  #forget(): void {
    this.#opening = undefined
    this.#opened = undefined
  }

  /** Some browsers never answer, and another page may not let go: then this caller hears of it, and a later one may succeed. */
  #inTime(opening: Promise<IDBDatabase>): Promise<IDBDatabase> {
    const { name, openTimeout } = this.#options
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#abandon(opening)
        const why = this.#blocked ? ': another page keeps an older version of it open' : ''
        reject(
          new DOMException(
            `The database "${name}" did not open within ${openTimeout} s${why}`,
            'TimeoutError',
          ),
        )
      }
      const timer = setTimeout(giveUp, Math.min(openTimeout * 1000, LONGEST))
      opening.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}

/** Milliseconds; a timer that is set for longer rings at once. https://developer.mozilla.org/docs/Web/API/Window/setTimeout */
const LONGEST = 2 ** 31 - 1

/** Opens the database as it is, and if anything is missing in it, makes that. */
async function openComplete(name: string, callbacks: OpenDBCallbacks<Schema>): Promise<IDBDatabase> {
  if (globalThis.indexedDB === undefined) throw new Error('There is no IndexedDB here')
  let version: number | undefined
  for (let attempt = 1; ; attempt += 1) {
    try {
      const database = await openDB<Schema>(name, version, callbacks)
      if (isComplete(database)) return unwrap(database)
      version = database.version + 1
      database.close()
    } catch (error) {
      // Another tab was faster: look again at what there is now.
      if (!isNamed(error, 'VersionError') || attempt >= 5) throw error
      version = undefined
    }
  }
}

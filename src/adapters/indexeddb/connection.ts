import { type OpenDBCallbacks, openDB, unwrap } from 'idb'
import { withDeadline } from '../../core/deadline.ts'
import { CacheError } from '../../core/errors.ts'
import { isNamed } from './requests.ts'
import { complete, inspect, type Schema, STORES } from './schema.ts'

interface ConnectionOptions {
  readonly name: string
  readonly durability: 'relaxed' | 'strict'
  /** Seconds. */
  readonly openTimeout: number
}

/** The database did not open in time. A class of its own, since Chromium has a `TimeoutError` for idle transactions, too. */
export class OpenTimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/** The connection to one database. It is opened when it is first needed, and again after it was closed. */
export class Connection {
  readonly #options: ConnectionOptions
  #opening: Promise<IDBDatabase> | undefined
  /** The result of `#opening`, so that a transaction need not wait for it. */
  #opened: IDBDatabase | undefined
  #blocked = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** If false, the next transaction opens the database, and creates it if it was deleted. */
  get isOpen(): boolean {
    return this.#opened !== undefined
  }

  async open(): Promise<void> {
    if (this.#opened === undefined) await this.#inTime(this.#open())
  }

  /** A transaction on all stores. Only its own requests may be awaited before it ends. */
  async transaction(mode: 'readonly' | 'readwrite'): Promise<IDBTransaction> {
    const database = this.#opened ?? (await this.#inTime(this.#open()))
    try {
      return this.#begin(database, mode)
    } catch (error) {
      // The browser has closed the connection, or a store is gone. Nothing was sent, so it is safe to try again.
      if (!isNamed(error, 'InvalidStateError', 'NotFoundError')) throw error
      this.#letGo(database)
      return this.#begin(await this.#inTime(this.#open()), mode)
    }
  }

  async close(): Promise<void> {
    const opening = this.#opening
    if (opening === undefined) return
    this.#forget()
    // A connection that did not open needs no closing, and its callers know.
    const database = await this.#inTime(opening).catch(() => undefined)
    database?.close()
  }

  #begin(database: IDBDatabase, mode: 'readonly' | 'readwrite'): IDBTransaction {
    const { durability } = this.#options
    const transaction = database.transaction(STORES, mode, { durability })
    transaction.addEventListener('abort', () => {
      // The connection was closed by force, and may accept transactions that never end. An abort by hand has no error.
      if (isNamed(transaction.error, 'AbortError', 'UnknownError')) this.#letGo(database)
    })
    return transaction
  }

  #open(): Promise<IDBDatabase> {
    if (this.#opening !== undefined) return this.#opening
    const opening: Promise<IDBDatabase> = openOurs(this.#options.name, {
      blocked: () => {
        this.#blocked = true
      },
      // Another tab wants to upgrade or delete the database: never block it, not even during `inspect`.
      blocking: (_current, _blocked, { target }) => {
        ;(target as IDBDatabase).close()
        this.#abandon(opening)
      },
      terminated: () => this.#abandon(opening),
    })
    this.#opening = opening
    opening.then(
      (database) => {
        this.#blocked = false
        if (this.#opening === opening) this.#opened = database
      },
      // The next call tries again.
      () => this.#abandon(opening),
    )
    return opening
  }

  /** The next call opens another connection. This one closes when its transactions have ended. */
  #letGo(database: IDBDatabase): void {
    if (this.#opened === database) this.#forget()
    database.close()
  }

  /** The same for a connection that may not be open yet. */
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

  /** Fails if the browser never answers or another page blocks the opening. A later call may succeed. */
  #inTime(opening: Promise<IDBDatabase>): Promise<IDBDatabase> {
    const { name, openTimeout } = this.#options
    return withDeadline(opening, openTimeout * 1000, () => {
      this.#abandon(opening)
      const why = this.#blocked ? ': another page keeps an older version of it open' : ''
      return new OpenTimeoutError(`The database "${name}" did not open within ${openTimeout} s${why}`)
    })
  }
}

/**
 * Opens the database, and completes it if it is nearcache's and something is missing. A foreign database is closed again
 * unchanged: not even its version is raised.
 */
async function openOurs(name: string, callbacks: OpenDBCallbacks<Schema>): Promise<IDBDatabase> {
  if (globalThis.indexedDB === undefined) throw new Error('There is no IndexedDB here')
  /** The version that was found to be incomplete. */
  let incomplete: number | undefined
  for (let attempt = 1; ; attempt += 1) {
    let isAnother = false
    try {
      const version = incomplete === undefined ? undefined : incomplete + 1
      const opened = await openDB<Schema>(name, version, {
        ...callbacks,
        upgrade: (upgraded, oldVersion, _newVersion, transaction) => {
          // If it fails, `openDB` rejects with the same error.
          transaction.done.catch(() => {})
          isAnother = oldVersion !== 0 && oldVersion !== incomplete
          if (isAnother) transaction.abort()
          else complete(upgraded, transaction)
        },
      })
      const database = unwrap(opened)
      const condition = await inspect(database)
      if (condition === 'complete') return database
      database.close()
      if (condition === 'foreign') throw foreign(database)
      incomplete = database.version
    } catch (error) {
      // Another tab has changed or replaced the database meanwhile: inspect it again.
      if ((!isNamed(error, 'VersionError') && !isAnother) || attempt >= 5) throw error
      incomplete = undefined
    }
  }
}

function foreign({ name, objectStoreNames }: IDBDatabase): CacheError {
  return new CacheError(
    'INVALID_CACHE',
    `indexedDBAdapter cannot use the database ${JSON.stringify(name)}: it has object stores that nearcache did not make ` +
      `(it has ${[...objectStoreNames].join(', ')}). Nothing in it was changed. Give the adapter another name`,
  )
}

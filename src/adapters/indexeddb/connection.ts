import { type OpenDBCallbacks, openDB, unwrap } from 'idb'
import { withDeadline } from '../../core/deadline.ts'
import { CacheError } from '../../core/errors.ts'
import { isNamed } from './requests.ts'
import { complete, inspect, type Schema, STORES } from './schema.ts'

export interface ConnectionOptions {
  readonly name: string
  readonly durability: 'relaxed' | 'strict'
  /** Seconds. */
  readonly openTimeout: number
}

/** The database did not open in time. A class of its own: Chromium fails transactions that idle with a `TimeoutError`, too. */
export class OpenTimeoutError extends Error {
  override readonly name = 'TimeoutError'
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

  /** Whether the next transaction needs no opening, which could make a deleted database anew. */
  get isOpen(): boolean {
    return this.#opened !== undefined
  }

  async open(): Promise<void> {
    if (this.#opened === undefined) await this.#inTime(this.#open())
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
    const opening: Promise<IDBDatabase> = openOurs(this.#options.name, {
      blocked: () => {
        this.#blocked = true
      },
      // Another tab wants to upgrade or delete the database: never stand in its way, not even until it is inspected.
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
    return withDeadline(opening, openTimeout * 1000, () => {
      this.#abandon(opening)
      const why = this.#blocked ? ': another page keeps an older version of it open' : ''
      return new OpenTimeoutError(`The database "${name}" did not open within ${openTimeout} s${why}`)
    })
  }
}

/**
 * Opens the database as it is, and if it is ours and anything is missing in it, makes that. A database of somebody else is
 * closed again with nothing changed: not even its version, which its owner opens it by.
 */
async function openOurs(name: string, callbacks: OpenDBCallbacks<Schema>): Promise<IDBDatabase> {
  if (globalThis.indexedDB === undefined) throw new Error('There is no IndexedDB here')
  /** The version of the database that was found to be ours, and incomplete. */
  let incomplete: number | undefined
  for (let attempt = 1; ; attempt += 1) {
    let isAnother = false
    try {
      const version = incomplete === undefined ? undefined : incomplete + 1
      const opened = await openDB<Schema>(name, version, {
        ...callbacks,
        upgrade: (upgraded, oldVersion, _newVersion, transaction) => {
          // Should it fail, opening fails with it: that is who tells.
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
      // Another tab was faster, or made another database in its place: look again at what there is now.
      if ((!isNamed(error, 'VersionError') && !isAnother) || attempt >= 5) throw error
      incomplete = undefined
    }
  }
}

function foreign({ name, objectStoreNames }: IDBDatabase): CacheError {
  return new CacheError(
    'INVALID_CACHE',
    `indexedDBAdapter cannot use the database ${JSON.stringify(name)}: it has object stores that nearcache did not make ` +
      `(it has ${[...objectStoreNames].join(', ')}). Nothing in it was changed. Give the adapter a name of its own`,
  )
}

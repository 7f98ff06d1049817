import type { Adapter, Change, Entry, Outcome, Supports } from '../../core/adapter.ts'
import { decideBatch, keysToRead } from '../../core/batch.ts'
import { rangeEnd } from '../../core/keys.ts'
import { Connection, type Transaction } from './connection.ts'

export interface IndexedDBAdapterOptions {
  /** The database. Tabs and workers of one origin that use the same name share its entries. */
  readonly name: string
  /**
   * `'relaxed'` (default): a write is acknowledged when the operating system has it. `'strict'`: when the disk has it.
   * https://w3c.github.io/IndexedDB/#transaction-durability-hint
   */
  readonly durability?: 'relaxed' | 'strict' | undefined
}

/**
 * Keeps entries in the browser's IndexedDB, shared by all tabs and workers of the origin and there after a reload.
 *
 * Each commit is one readwrite transaction, which excludes every other tab's, so `aadd` and `aincr` are atomic across
 * tabs. A write is acknowledged when its transaction is complete; a failed one has stored nothing.
 *
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { indexedDBAdapter } from 'nearcache/indexeddb'
 *
 * const cache = createCache({ adapter: indexedDBAdapter({ name: 'app' }) })
 * await cache.aset('answer', 42)
 * await cache.aincr('answer') // 43, in every tab
 * ```
 */
export function indexedDBAdapter(options: IndexedDBAdapterOptions): Adapter {
  if (typeof options?.name !== 'string' || options.name === '') {
    throw new TypeError("indexedDBAdapter needs the name of a database: { name: 'app' }")
  }
  return new IndexedDBAdapter(options.name, options.durability ?? 'relaxed')
}

class IndexedDBAdapter implements Adapter {
  readonly name = 'indexeddb'
  readonly supports: Supports = {
    atomic: true,
    atomicBatch: true,
    readYourWrites: true,
    persistent: true,
    values: 'fresh',
    maxKeyBytes: null,
    maxValueBytes: null,
  }
  readonly #connection: Connection
  readonly #durability: 'relaxed' | 'strict'

  constructor(database: string, durability: 'relaxed' | 'strict') {
    this.#connection = new Connection(database)
    this.#durability = durability
  }

  async read(keys: readonly string[]): Promise<(Entry | undefined)[]> {
    const transaction = await this.#connection.transaction('readonly')
    const [entries] = await Promise.all([
      Promise.all(keys.map((key) => transaction.store.get(key))),
      transaction.done,
    ])
    return entries
  }

  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    const transaction = await this.#connection.transaction('readwrite', this.#durability)
    // Awaited together: a failure rejects both, and neither may be left unhandled.
    const [outcomes] = await Promise.all([
      decideIn(transaction, changes, now).catch((error: unknown) => abort(transaction, error)),
      transaction.done,
    ])
    return outcomes
  }

  async clear(scope: string): Promise<void> {
    const transaction = await this.#connection.transaction('readwrite', this.#durability)
    const end = rangeEnd(scope)
    const cleared =
      end === undefined
        ? transaction.store.clear()
        : transaction.store.delete(IDBKeyRange.bound(scope, end, false, true))
    await Promise.all([cleared, transaction.done])
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}

/** Reads what the batch needs, decides it, and writes what is left of it, all in one transaction. */
async function decideIn(
  transaction: Transaction<'readwrite'>,
  changes: readonly Change[],
  now: number,
): Promise<readonly Outcome[]> {
  const needed = keysToRead(changes, now)
  const found = await Promise.all(needed.map((key) => transaction.store.get(key)))
  const stored = new Map<string, Entry>()
  for (const [index, key] of needed.entries()) {
    const entry = found[index]
    if (entry !== undefined) stored.set(key, entry)
  }
  const { outcomes, writes } = decideBatch(stored, changes, now)
  for (const [key, entry] of writes) {
    const request = entry === undefined ? transaction.store.delete(key) : transaction.store.put(entry, key)
    // A failed request fails its transaction, whose `done` is awaited.
    request.catch(() => {})
  }
  // Nothing follows: saying so saves the browser finding out, a third of a lone put.
  transaction.commit()
  return outcomes
}

/** A batch that broke in the middle leaves nothing behind. */
function abort(transaction: Transaction<'readwrite'>, error: unknown): never {
  try {
    transaction.abort()
  } catch {
    // It has ended already, by the same fault; `error` tells of it.
  }
  throw error
}

import { type DBSchema, type IDBPDatabase, type IDBPTransaction, unwrap } from 'idb'
import type { StoredValue } from './causes.ts'

/** An entry whose value stands in `values`. */
export interface LargeEntry {
  readonly large: true
  readonly expiresAt: number | null
}

/** An entry whose value stands with it. */
export interface SmallEntry extends StoredValue {
  readonly expiresAt: number | null
}

/** When an entry was last used, as a place in the order of uses (see `uses.ts`), and what it weighs: 0 where that is not limited. */
export interface Use {
  readonly used: number
  readonly bytes?: number
}

/** What all entries come to. Kept only by adapters with limits: see `bounds.ts`. 0 bytes: nobody has weighed them. */
export interface Totals {
  readonly entries: number
  readonly bytes: number
  /** The last use that was written down. Not in databases of earlier versions. */
  readonly used?: number
}

/** The key of the only {@link Totals}. */
export const TOTALS = 'all'

/**
 * All stores have out-of-line keys. Entries that never expire have a `null` deadline, which no index holds.
 *
 * One store for most entries, since a second write costs as much as the first; large values stand apart, so that giving
 * one a new deadline does not rewrite it. `bench/indexeddb/layouts.md` has what the other ways cost.
 */
export interface Schema extends DBSchema {
  entries: {
    key: string
    value: SmallEntry | LargeEntry
    indexes: { expiresAt: number }
  }
  values: { key: string; value: StoredValue }
  uses: { key: string; value: Use; indexes: { used: number } }
  totals: { key: string; value: Totals }
}

export type Store = 'entries' | 'values' | 'uses' | 'totals'
export const STORES: Store[] = ['entries', 'values', 'uses', 'totals']
const INDEXES = [
  ['entries', 'expiresAt'],
  ['uses', 'used'],
] as const

/**
 * Whether everything is there. Less may have been left by an older version of nearcache, a crash in the middle of an
 * upgrade, or a developer's hand; what a newer version has beside it does not matter.
 */
export function isComplete(database: IDBPDatabase<Schema>): boolean {
  if (!STORES.every((name) => database.objectStoreNames.contains(name))) return false
  const transaction = unwrap(database).transaction(STORES)
  return INDEXES.every(([store, index]) => transaction.objectStore(store).indexNames.contains(index))
}

/** Makes what is missing, and leaves what is there. */
export function complete(
  database: IDBPDatabase<Schema>,
  transaction: IDBPTransaction<Schema, Store[], 'versionchange'>,
): void {
  // Should it fail, opening fails with it: that is who tells.
  transaction.done.catch(() => {})
  for (const name of STORES) {
    if (!database.objectStoreNames.contains(name)) database.createObjectStore(name)
  }
  // What was missing was missing when they were counted up.
  unwrap(transaction).objectStore('totals').clear()
  const entries = transaction.objectStore('entries')
  if (!entries.indexNames.contains('expiresAt')) entries.createIndex('expiresAt', 'expiresAt')
  const uses = transaction.objectStore('uses')
  if (!uses.indexNames.contains('used')) uses.createIndex('used', 'used')
}

import { type DBSchema, type IDBPDatabase, type IDBPTransaction, unwrap } from 'idb'
import type { StoredValue } from './causes.ts'
import { completion, result } from './requests.ts'

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
  /** Always empty. */
  nearcache: { key: string; value: never }
}

export type Store = 'entries' | 'values' | 'uses' | 'totals'
export const STORES: Store[] = ['entries', 'values', 'uses', 'totals']
const INDEXES = [
  ['entries', 'expiresAt'],
  ['uses', 'used'],
] as const

/** The object store that marks a database as nearcache's: the names of the others could be anybody's. */
const MARK = 'nearcache'

/**
 * - `complete`: it is ours, and everything is there. Stores of a newer version of nearcache, or of somebody who added
 *   their own, do not matter: nothing is done with them.
 * - `incomplete`: it is ours or empty. An older version of nearcache, a crash in the middle of an upgrade or a developer's
 *   hand may have left less than everything.
 * - `foreign`: it is not ours, or it could be completed only by raising the version of a database that somebody else
 *   keeps stores in. Their next `open` of the version that they know would fail.
 */
export type Condition = 'complete' | 'incomplete' | 'foreign'

/** Finds out whose database it is. Changes nothing. */
export async function inspect(database: IDBDatabase): Promise<Condition> {
  const names = [...database.objectStoreNames]
  if (names.length === 0) return 'incomplete'
  const isOurs = (name: string): boolean => name === MARK || STORES.some((store) => store === name)
  const stores = names.filter(isOurs)
  if (stores.length === 0) return 'foreign'
  const transaction = database.transaction(stores)
  const condition = await examine(transaction, names, stores)
  // A connection that is closed before that stands in its owner's way for a moment.
  if (condition !== 'complete') await completion(transaction)
  return condition
}

/** `stores` are those of the `names` that could be ours. */
async function examine(
  transaction: IDBTransaction,
  names: readonly string[],
  stores: readonly string[],
): Promise<Condition> {
  const objectStores = stores.map((name) => transaction.objectStore(name))
  if (!objectStores.every(isShapedAsOurs)) return 'foreign'
  const isMarked = stores.includes(MARK)
  const isWhole =
    STORES.every((name) => stores.includes(name)) &&
    INDEXES.every(([store, index]) => transaction.objectStore(store).indexNames.contains(index))
  if (isMarked && isWhole) return 'complete'
  if (names.length > stores.length) return 'foreign'
  if (isMarked) return 'incomplete'
  // Databases from before there was a mark.
  if (!objectStores.every(hasOnlyOurIndexes)) return 'foreign'
  return isWhole || (await hasOurEntries(transaction)) ? 'incomplete' : 'foreign'
}

/** An index of another name may be a newer version's. */
function isShapedAsOurs(store: IDBObjectStore): boolean {
  if (store.keyPath !== null || store.autoIncrement) return false
  return INDEXES.every(([of, name]) => {
    if (of !== store.name || !store.indexNames.contains(name)) return true
    const { keyPath, unique, multiEntry } = store.index(name)
    return keyPath === name && !unique && !multiEntry
  })
}

function hasOnlyOurIndexes(store: IDBObjectStore): boolean {
  return [...store.indexNames].every((index) =>
    INDEXES.some(([of, name]) => of === store.name && name === index),
  )
}

/**
 * Whether there are entries, and the first few look as nearcache writes them. Anybody may call an object store `entries`:
 * an empty one, as nearcache 0.1.0 could leave it, is not worth taking somebody else's for it.
 */
async function hasOurEntries(transaction: IDBTransaction): Promise<boolean> {
  if (!transaction.db.objectStoreNames.contains('entries')) return false
  const entries = transaction.objectStore('entries')
  const [keys, rows] = await Promise.all([
    result(entries.getAllKeys(null, SAMPLE_ROWS)),
    result<unknown[]>(entries.getAll(null, SAMPLE_ROWS)),
  ])
  return rows.length > 0 && keys.every((key) => typeof key === 'string') && rows.every(isEntry)
}

const SAMPLE_ROWS = 5

function isEntry(row: unknown): boolean {
  if (typeof row !== 'object' || row === null) return false
  const { expiresAt, large } = row as Partial<LargeEntry>
  const isDeadline = expiresAt === null || typeof expiresAt === 'number'
  const known = large === true ? ['large', 'expiresAt'] : ['value', 'causes', 'expiresAt']
  return (
    isDeadline && (large === true || 'value' in row) && Object.keys(row).every((key) => known.includes(key))
  )
}

/** Makes what is missing, and leaves what is there. */
export function complete(
  database: IDBPDatabase<Schema>,
  transaction: IDBPTransaction<Schema, (Store | typeof MARK)[], 'versionchange'>,
): void {
  for (const name of [...STORES, MARK] as const) {
    if (!database.objectStoreNames.contains(name)) database.createObjectStore(name)
  }
  // What was missing was missing when they were counted up.
  unwrap(transaction).objectStore('totals').clear()
  const entries = transaction.objectStore('entries')
  if (!entries.indexNames.contains('expiresAt')) entries.createIndex('expiresAt', 'expiresAt')
  const uses = transaction.objectStore('uses')
  if (!uses.indexNames.contains('used')) uses.createIndex('used', 'used')
}

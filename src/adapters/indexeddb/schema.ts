import { type DBSchema, type IDBPDatabase, type IDBPTransaction, unwrap } from 'idb'
import type { StoredValue } from './causes.ts'
import { completion, result } from './requests.ts'

/** An entry whose value is in `values`. */
export interface LargeEntry {
  readonly large: true
  readonly expiresAt: number | null
}

/** An entry with its value. */
export interface SmallEntry extends StoredValue {
  readonly expiresAt: number | null
}

/** When an entry was last used, as a count (see `access-log.ts`), and its weight, which is 0 without a limit of bytes. */
export interface Use {
  readonly used: number
  readonly bytes?: number
}

/** The totals of all entries, which only adapters with `lruLimits` keep. 0 bytes: they were not weighed. */
export interface Totals {
  readonly entries: number
  readonly bytes: number
  /** The last use in `uses`. Missing in databases of earlier versions. */
  readonly used?: number
}

/** The key of the only row of `totals`. */
export const TOTALS = 'all'

/**
 * All stores have out-of-line keys. Entries that never expire have the deadline `null`, which is not in the index.
 *
 * Most entries are in one store, since a second write costs as much as the first. Large values are in another, so that a new
 * deadline does not rewrite them. `bench/indexeddb/layouts.md` compares other layouts.
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

/** The object store that marks a database as nearcache's. The names of the others are not specific enough. */
const MARK = 'nearcache'

/**
 * - `complete`: it is nearcache's, and has all object stores. Others, of a newer version or of other code, are ignored.
 * - `incomplete`: it is nearcache's or empty, and something is missing: it is of an older version, or was changed by hand.
 * - `foreign`: it is not nearcache's, or other code has object stores in it and something of ours is missing. Adding that would
 *   raise the version, and the other code could no longer open it.
 */
type Condition = 'complete' | 'incomplete' | 'foreign'

/** Finds out whose database it is, without changing it. */
export async function inspect(database: IDBDatabase): Promise<Condition> {
  const names = [...database.objectStoreNames]
  if (names.length === 0) return 'incomplete'
  const isOurs = (name: string): boolean => name === MARK || STORES.some((store) => store === name)
  const stores = names.filter(isOurs)
  if (stores.length === 0) return 'foreign'
  const transaction = database.transaction(stores)
  const condition = await examine(transaction, names, stores)
  // Closed earlier, the connection would block its owner for a moment.
  if (condition !== 'complete') await completion(transaction)
  return condition
}

/** `stores` are those `names` that could be ours. */
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
  // A database from before there was a mark.
  if (!objectStores.every(hasOnlyOurIndexes)) return 'foreign'
  return isWhole || (await hasOurEntries(transaction)) ? 'incomplete' : 'foreign'
}

/** Allows indexes of other names, which may be a newer version's. */
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
 * True if there are entries, and the first few look as nearcache writes them. An empty store called `entries` does not count:
 * nearcache 0.1.0 could leave one, but it may be anybody's.
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

/** Creates what is missing. */
export function complete(
  database: IDBPDatabase<Schema>,
  transaction: IDBPTransaction<Schema, (Store | typeof MARK)[], 'versionchange'>,
): void {
  for (const name of [...STORES, MARK] as const) {
    if (!database.objectStoreNames.contains(name)) database.createObjectStore(name)
  }
  // The totals did not count what was missing.
  unwrap(transaction).objectStore('totals').clear()
  for (const [name, index] of INDEXES) {
    const store = unwrap(transaction).objectStore(name)
    if (!store.indexNames.contains(index)) store.createIndex(index, index)
  }
}

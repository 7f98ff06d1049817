import { type DBSchema, type IDBPDatabase, type IDBPTransaction, unwrap } from 'idb'
import type { Claim, Metadata } from '../../core/adapter.ts'
import type { StoredValue } from './causes.ts'
import { completion, result } from './requests.ts'

/** What a row says of an entry beside its value. Most rows have only `expiresAt`. */
export interface RowFields {
  /** Until when the row must be kept: `keptUntil` of the entry. */
  readonly expiresAt: number | null
  /** The deadline of the entry, if the row must be kept for longer. */
  readonly freshUntil?: number | null
  readonly metadata?: Metadata
  readonly claim?: Claim
  /** The stored tags, and {@link CLAIMED} if there is a claim, for the index. */
  readonly tags?: readonly TagKey[]
}

/** An entry whose value is in `values`. */
export interface LargeEntry extends RowFields {
  readonly large: true
}

/** An entry with its value. */
export interface SmallEntry extends StoredValue, RowFields {}

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

/** Under this key the index of tags has the rows with a claim. It is a number, and tags are strings. */
export const CLAIMED = 0

export type TagKey = string | typeof CLAIMED

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
    indexes: { expiresAt: number; tags: TagKey }
  }
  values: { key: string; value: StoredValue }
  uses: { key: string; value: Use; indexes: { used: number } }
  totals: { key: string; value: Totals }
  /** Always empty. */
  nearcache: { key: string; value: never }
}

export type Store = 'entries' | 'values' | 'uses' | 'totals'
export const STORES: Store[] = ['entries', 'values', 'uses', 'totals']

interface Index {
  readonly of: Store
  readonly path: string
  readonly multiEntry: boolean
}

/**
 * The indexes. Each has the name of its key path. A row without that property is not in the index. There is one index for tags
 * and claims together, because the browser reads all rows for each index that an upgrade adds.
 */
const INDEXES: readonly Index[] = [
  { of: 'entries', path: 'expiresAt', multiEntry: false },
  { of: 'entries', path: 'tags', multiEntry: true },
  { of: 'uses', path: 'used', multiEntry: false },
]

/** Those that databases have from before there was a mark. */
const EARLY_INDEXES = INDEXES.filter(({ path }) => path !== 'tags')

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
  const hasAll = (indexes: readonly Index[]): boolean =>
    STORES.every((name) => stores.includes(name)) &&
    indexes.every(({ of, path }) => transaction.objectStore(of).indexNames.contains(path))
  if (isMarked && hasAll(INDEXES)) return 'complete'
  if (names.length > stores.length) return 'foreign'
  if (isMarked) return 'incomplete'
  // A database from before there was a mark.
  if (!objectStores.every(hasOnlyOurIndexes)) return 'foreign'
  return hasAll(EARLY_INDEXES) || (await hasOurEntries(transaction)) ? 'incomplete' : 'foreign'
}

/** Allows indexes of other names, which may be a newer version's. */
function isShapedAsOurs(store: IDBObjectStore): boolean {
  if (store.keyPath !== null || store.autoIncrement) return false
  return INDEXES.every(({ of, path, multiEntry }) => {
    if (of !== store.name || !store.indexNames.contains(path)) return true
    const index = store.index(path)
    return index.keyPath === path && !index.unique && index.multiEntry === multiEntry
  })
}

function hasOnlyOurIndexes(store: IDBObjectStore): boolean {
  return [...store.indexNames].every((index) =>
    INDEXES.some(({ of, path }) => of === store.name && path === index),
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
  const missing = ([...STORES, MARK] as const).filter((name) => !database.objectStoreNames.contains(name))
  for (const name of missing) database.createObjectStore(name)
  // The totals did not count what was missing.
  if (missing.length > 0) unwrap(transaction).objectStore('totals').clear()
  for (const { of, path, multiEntry } of INDEXES) {
    const store = unwrap(transaction).objectStore(of)
    if (!store.indexNames.contains(path)) store.createIndex(path, path, { multiEntry })
  }
}

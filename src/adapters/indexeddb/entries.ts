import type { Entry } from '../../core/adapter.ts'
import { estimateBytes } from '../../core/bytes.ts'
import { keptUntil } from '../../core/operations.ts'
import { fromStored, type StoredValue, toStore } from './causes.ts'
import { answered, isNamed, result, results } from './requests.ts'
import {
  CLAIMED,
  type LargeEntry,
  type RowFields,
  type SmallEntry,
  type Store,
  type TagKey,
} from './schema.ts'

/**
 * Estimated. From here on a value is stored apart from its entry, so that a new deadline does not rewrite it, and reading it
 * takes a second request. Measured: at half this size a get loses a third by it, and a touch gains half.
 */
const LARGE_BYTES = 262_144

/**
 * Estimated. From here on the browser may refuse a value for its size alone. Chromium takes 133,169,152 bytes after encoding,
 * where it keeps databases in memory; the estimate may be far too low. A refusal is a failed request, during `put` or later,
 * which aborts the transaction; but if `commit` was called, Chromium completes it without the value.
 */
const HUGE_BYTES = 2 ** 25

export function isLargeValue(value: unknown): boolean {
  return estimateBytes(value, LARGE_BYTES) >= LARGE_BYTES
}

export function isHuge(value: unknown): boolean {
  return estimateBytes(value, HUGE_BYTES) >= HUGE_BYTES
}

/** Stands for a large value that was not read. Written back, it leaves the stored value as it is. */
export const UNREAD: unknown = Object.freeze({})

/** Some of the entries that were asked for cannot be read. All others of the same transaction can. */
export class UnreadableError extends Error {
  readonly keys: readonly string[]

  constructor(keys: readonly string[], cause: unknown) {
    super('A stored value cannot be read', { cause })
    this.keys = keys
  }
}

/** The entries under `keys`, in that order. Large values are read only if `wanted`. */
export async function readEntries(
  transaction: IDBTransaction,
  keys: readonly string[],
  wanted: (key: string) => boolean,
): Promise<(Entry | undefined)[]> {
  if (keys.length === 0) return []
  // In the capture phase, before the listeners for unexpected failures.
  transaction.addEventListener('error', keepGoing, true)
  try {
    const unreadable = new Map<string, unknown>()
    const found = await readRows<SmallEntry | LargeEntry>(transaction, 'entries', keys, unreadable)
    const large = keys.filter((key) => isLarge(found.get(key)) && wanted(key))
    const apart =
      large.length === 0 ? undefined : await readRows<StoredValue>(transaction, 'values', large, unreadable)
    if (unreadable.size > 0)
      throw new UnreadableError([...unreadable.keys()], unreadable.values().next().value)
    return keys.map((key) => {
      const entry = found.get(key)
      if (entry === undefined) return undefined
      if (!isLarge(entry)) return toEntry(fromStored(entry), entry)
      if (!wanted(key)) return toEntry(UNREAD, entry)
      const value = apart?.get(key)
      return value && toEntry(fromStored(value), entry)
    })
  } finally {
    transaction.removeEventListener('error', keepGoing, true)
  }
}

/** By default, a failed request aborts the transaction. https://w3c.github.io/IndexedDB/#fire-an-error-event */
function keepGoing(event: Event): void {
  // These failures follow from an abort.
  if (!isNamed((event.target as IDBRequest).error, 'AbortError')) event.preventDefault()
}

/**
 * The rows under `keys`. The others are put in `unreadable`, with the browser's error. Chromium keeps values of 64 kB or more
 * in files. If a file is missing, it reports `NotReadableError`; if it is cut short, `UnknownError`; if it has other contents,
 * the result is `null`, which no row of ours is.
 */
async function readRows<Row extends object>(
  transaction: IDBTransaction,
  store: 'entries' | 'values',
  keys: readonly string[],
  unreadable: Map<string, unknown>,
): Promise<Map<string, Row | undefined>> {
  const rows = transaction.objectStore(store)
  const requests = keys.map((key): IDBRequest<Row | undefined | null> => rows.get(key))
  await answered(requests)
  const found = new Map<string, Row | undefined>()
  for (const [index, key] of keys.entries()) {
    const { error, result } = requests[index] as IDBRequest<Row | undefined | null>
    if (isNamed(error, 'AbortError')) throw transaction.error ?? error
    if (error || result === null) unreadable.set(key, error ?? undefined)
    else found.set(key, result)
  }
  return found
}

function toEntry(value: unknown, { expiresAt, freshUntil, metadata, claim }: RowFields): Entry {
  if (metadata === undefined && claim === undefined) return { value, expiresAt }
  return {
    value,
    expiresAt: freshUntil === undefined ? expiresAt : freshUntil,
    ...(metadata && { metadata }),
    ...(claim && { claim }),
  }
}

/** The fields that a row has in addition to the ordinary ones; `undefined` for most entries. */
function additionalFields(entry: Entry): RowFields | undefined {
  const { expiresAt, metadata, claim } = entry
  if (metadata === undefined && claim === undefined) return undefined
  const kept = keptUntil(entry)
  const tags: readonly TagKey[] = [...(metadata?.tags ?? []), ...(claim ? [CLAIMED as TagKey] : [])]
  return {
    expiresAt: kept,
    ...(kept === expiresAt ? {} : { freshUntil: expiresAt }),
    ...(metadata && { metadata }),
    ...(claim && { claim }),
    ...(tags.length > 0 && { tags }),
  }
}

function isLarge(entry: SmallEntry | LargeEntry | undefined): entry is LargeEntry {
  return entry !== undefined && 'large' in entry
}

/** What became of a batch's writes. */
export class Written {
  /** The keys whose values the browser does not take. Their entries are removed. */
  readonly refused: Set<string> = new Set()
  /** The keys whose entries were evicted. */
  readonly evicted: Set<string> = new Set()
  hasHuge = false
}

/** Puts an entry. Returns false if the browser does not take its value, and removes what was stored under the key. */
export function putEntry(transaction: IDBTransaction, key: string, entry: Entry, written: Written): boolean {
  const { value, expiresAt } = entry
  const entries = transaction.objectStore('entries')
  const more = additionalFields(entry)
  try {
    if (value !== UNREAD && !isLargeValue(value)) {
      // A large value that was stored here before stays in `values` until the next sweep: removing it each time would cost
      // every small write a request.
      entries.put({ ...toStore(value), expiresAt, ...more }, key)
      return true
    }
    if (value !== UNREAD) {
      transaction.objectStore('values').put(toStore(value), key)
      written.hasHuge ||= isHuge(value)
    }
    entries.put({ large: true, expiresAt, ...more }, key)
    return true
  } catch (error) {
    // These are not about the value: the transaction has ended, or the object store is not ours.
    if (isNamed(error, 'TransactionInactiveError', 'InvalidStateError', 'DataError')) throw error
    written.refused.add(key)
    removeEntry(transaction, key)
    return false
  }
}

/** The stores that have a row for an entry. */
const KEYED: readonly Store[] = ['entries', 'values', 'uses']

export function removeEntry(transaction: IDBTransaction, key: string): void {
  for (const name of KEYED) transaction.objectStore(name).delete(key)
}

/** Removes many entries, with a request for each row that may exist: most values are small, and many databases have no uses. */
export async function removeEntries(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  const stores = KEYED.map((name) => transaction.objectStore(name))
  const firstKeys = await results(stores.map((store) => store.getAllKeys(undefined, 1)))
  const filled = stores.filter((_, index) => (firstKeys[index] as IDBValidKey[]).length > 0)
  for (const key of keys) for (const store of filled) store.delete(key)
}

/** Removes a range of keys, or all if `range` is `undefined`. */
export function clearEntries(transaction: IDBTransaction, range: IDBKeyRange | undefined): void {
  for (const name of KEYED) {
    const store = transaction.objectStore(name)
    if (range === undefined) store.clear()
    else store.delete(range)
  }
}

/** Removes large values whose entries no longer refer to them. */
export async function deleteOrphans(transaction: IDBTransaction): Promise<void> {
  const values = transaction.objectStore('values')
  const keys = (await result(values.getAllKeys())) as string[]
  const owners = await readEntries(transaction, keys, () => false)
  for (const [index, key] of keys.entries()) if (owners[index]?.value !== UNREAD) values.delete(key)
}

import type { Entry } from '../../core/adapter.ts'
import { estimateBytes } from '../../core/bytes.ts'
import { fromStored, type StoredValue, toStore } from './causes.ts'
import { result, results } from './requests.ts'
import type { LargeEntry, SmallEntry } from './schema.ts'

/**
 * Estimated (two bytes a character); from here on a value stands apart from its entry: reading it takes a second request, a
 * new deadline no longer rewrites it. Measured: a get of half as much loses a third by standing apart, a touch of it gains half.
 */
export const LARGE_BYTES = 262_144

/** Stands for a large value that was not asked for. Written back, it leaves the value that is stored. */
export const UNREAD: unknown = Object.freeze({})

/** The entries under `keys`, in that order, large values only where they are `wanted`. */
export async function readEntries(
  transaction: IDBTransaction,
  keys: readonly string[],
  wanted: (key: string) => boolean,
): Promise<(Entry | undefined)[]> {
  const entries = transaction.objectStore('entries')
  const found = await results(
    keys.map((key): IDBRequest<SmallEntry | LargeEntry | undefined> => entries.get(key)),
  )
  const large = keys.filter((key, index) => isLarge(found[index]) && wanted(key))
  const values = transaction.objectStore('values')
  const read = await results(large.map((key): IDBRequest<StoredValue | undefined> => values.get(key)))
  const apart = new Map(large.map((key, index) => [key, read[index]]))
  return keys.map((key, index) => {
    const entry = found[index]
    if (!isLarge(entry)) return whole(entry, entry?.expiresAt)
    return wanted(key)
      ? whole(apart.get(key), entry.expiresAt)
      : { value: UNREAD, expiresAt: entry.expiresAt }
  })
}

function whole(found: StoredValue | undefined, expiresAt: number | null | undefined): Entry | undefined {
  if (found === undefined || expiresAt === undefined) return undefined
  return { value: fromStored(found), expiresAt }
}

function isLarge(entry: SmallEntry | LargeEntry | undefined): entry is LargeEntry {
  return entry !== undefined && 'large' in entry
}

/** Stores an entry. Throws at once if the browser cannot take the value. */
export function putEntry(transaction: IDBTransaction, key: string, { value, expiresAt }: Entry): void {
  const entries = transaction.objectStore('entries')
  if (value === UNREAD) {
    entries.put({ large: true, expiresAt }, key)
  } else if (estimateBytes(value) < LARGE_BYTES) {
    // A large value that stood here before stays in `values`, unasked for, until the next sweep: to remove it each time
    // would cost every small write.
    entries.put({ ...toStore(value), expiresAt }, key)
  } else {
    transaction.objectStore('values').put(toStore(value), key)
    entries.put({ large: true, expiresAt }, key)
  }
}

/** Removes large values whose entries no longer point to them. */
export async function deleteOrphans(transaction: IDBTransaction): Promise<void> {
  const values = transaction.objectStore('values')
  const keys = (await result(values.getAllKeys())) as string[]
  const entries = transaction.objectStore('entries')
  const owners = await results(
    keys.map((key): IDBRequest<SmallEntry | LargeEntry | undefined> => entries.get(key)),
  )
  for (const [index, key] of keys.entries()) if (!isLarge(owners[index])) values.delete(key)
}

import type { Entry } from '../../core/adapter.ts'
import { estimateBytes } from '../../core/bytes.ts'
import { fromStored, type StoredValue, toStore } from './causes.ts'
import { isHuge } from './huge.ts'
import { answered, goingOn, isNamed, result } from './requests.ts'
import type { LargeEntry, SmallEntry } from './schema.ts'

/**
 * Estimated; from here on a value stands apart from its entry: reading it takes a second request, a
 * new deadline no longer rewrites it. Measured: a get of half as much loses a third by standing apart, a touch of it gains half.
 */
const LARGE_BYTES = 262_144

/** Stands for a large value that was not asked for. Written back, it leaves the value that is stored. */
export const UNREAD: unknown = Object.freeze({})

/** Some of the entries that were asked for cannot be read; all others of the same transaction can. */
export class UnreadableError extends Error {
  readonly keys: readonly string[]

  constructor(keys: readonly string[], cause: unknown) {
    super('A stored value cannot be read', { cause })
    this.keys = keys
  }
}

/** The entries under `keys`, in that order, large values only where they are `wanted`. */
export function readEntries(
  transaction: IDBTransaction,
  keys: readonly string[],
  wanted: (key: string) => boolean,
): Promise<(Entry | undefined)[]> {
  return goingOn(transaction, async () => {
    const damaged = new Map<string, unknown>()
    const found = await readRows<SmallEntry | LargeEntry>(transaction, 'entries', keys, damaged)
    const large = keys.filter((key) => isLarge(found.get(key)) && wanted(key))
    const apart = await readRows<StoredValue>(transaction, 'values', large, damaged)
    if (damaged.size > 0) throw new UnreadableError([...damaged.keys()], damaged.values().next().value)
    return keys.map((key) => {
      const entry = found.get(key)
      if (!isLarge(entry)) return whole(entry, entry?.expiresAt)
      return wanted(key)
        ? whole(apart.get(key), entry.expiresAt)
        : { value: UNREAD, expiresAt: entry.expiresAt }
    })
  })
}

/**
 * The rows under `keys`. What cannot be read goes into `damaged`, with the browser's error: Chromium keeps values of 64 kB or
 * more in files of their own. Of a missing file it says `NotReadableError`, of one cut short `UnknownError`; of other contents
 * it makes `null`, which no row of ours is.
 */
async function readRows<Row extends object>(
  transaction: IDBTransaction,
  store: 'entries' | 'values',
  keys: readonly string[],
  damaged: Map<string, unknown>,
): Promise<Map<string, Row | undefined>> {
  const rows = transaction.objectStore(store)
  const requests = keys.map((key): IDBRequest<Row | undefined | null> => rows.get(key))
  await answered(requests)
  const found = new Map<string, Row | undefined>()
  for (const [index, key] of keys.entries()) {
    const { error, result } = requests[index] as IDBRequest<Row | undefined | null>
    if (isNamed(error, 'AbortError')) throw transaction.error ?? error
    if (error || result === null) damaged.set(key, error ?? undefined)
    else found.set(key, result)
  }
  return found
}

function whole(found: StoredValue | undefined, expiresAt: number | null | undefined): Entry | undefined {
  if (found === undefined || expiresAt === undefined) return undefined
  return { value: fromStored(found), expiresAt }
}

function isLarge(entry: SmallEntry | LargeEntry | undefined): entry is LargeEntry {
  return entry !== undefined && 'large' in entry
}

/** Stores an entry. Throws at once if the browser cannot take the value. Gives whether it is huge: see `huge.ts`. */
export function putEntry(transaction: IDBTransaction, key: string, { value, expiresAt }: Entry): boolean {
  const entries = transaction.objectStore('entries')
  if (value === UNREAD) {
    entries.put({ large: true, expiresAt }, key)
    return false
  }
  if (estimateBytes(value, LARGE_BYTES) < LARGE_BYTES) {
    // A large value that stood here before stays in `values`, unasked for, until the next sweep: to remove it each time
    // would cost every small write.
    entries.put({ ...toStore(value), expiresAt }, key)
    return false
  }
  transaction.objectStore('values').put(toStore(value), key)
  entries.put({ large: true, expiresAt }, key)
  return isHuge(value)
}

/** Removes large values whose entries no longer point to them. */
export async function deleteOrphans(transaction: IDBTransaction): Promise<void> {
  const values = transaction.objectStore('values')
  const keys = (await result(values.getAllKeys())) as string[]
  const owners = await readEntries(transaction, keys, () => false)
  for (const [index, key] of keys.entries()) if (owners[index]?.value !== UNREAD) values.delete(key)
}

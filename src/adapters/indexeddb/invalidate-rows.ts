import type { Invalidation } from '../../core/adapter.ts'
import { invalidateTags } from '../../core/operations.ts'
import { putEntry, readEntries, Written } from './entries.ts'
import type { EntryWriter } from './eviction-policy.ts'
import { results } from './requests.ts'
import { CLAIMED } from './schema.ts'

interface TagInvalidation {
  readonly tags: readonly string[]
  readonly now: number
  readonly invalidation: Invalidation
  /**
   * False in a full storage, which may refuse everything that is put. Then rows that would be put are removed:
   * an invalidation must not fail for lack of space.
   */
  readonly mayPut: boolean
}

/** Invalidates stored tags in all rows that have one, and in all claims. */
export async function invalidateRows(
  transaction: IDBTransaction,
  writer: EntryWriter,
  { tags, now, invalidation, mayPut }: TagInvalidation,
): Promise<void> {
  const entries = transaction.objectStore('entries')
  const index = entries.index('tags')
  const found = (await results([...tags, CLAIMED].map((tag) => index.getAllKeys(tag)))) as string[][]
  const claimed = found.pop() ?? []
  const tagged = new Set(found.flat())
  const isDelete = invalidation === 'delete'
  // What is deleted need not be read.
  if (isDelete) await writer.remove(transaction, [...tagged])
  const keys = isDelete ? claimed.filter((key) => !tagged.has(key)) : [...new Set([...tagged, ...claimed])]
  const written = new Written()
  for (let start = 0; start < keys.length; start += MAX_ROWS_IN_MEMORY) {
    const portion = keys.slice(start, start + MAX_ROWS_IN_MEMORY)
    const stored = await readEntries(transaction, portion, () => false)
    const removed: string[] = []
    for (const [index, key] of portion.entries()) {
      const entry = stored[index]
      const next = entry && invalidateTags(entry, tags, invalidation, now)
      if (next === entry) continue
      // The row stays, with its value: totals and uses do not change.
      if (next !== undefined && mayPut) putEntry(transaction, key, next, written)
      else removed.push(key)
    }
    if (removed.length > 0) await writer.remove(transaction, removed)
  }
}

/** Rows that are read at a time, all in the same transaction. */
const MAX_ROWS_IN_MEMORY = 1_000

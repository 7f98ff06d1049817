import type { Connection } from './connection.ts'
import { readEntries, UnreadableError } from './entries.ts'
import type { EntryWriter } from './eviction-policy.ts'
import { inTransaction, result } from './requests.ts'

/**
 * Removes those of the entries that still cannot be read, since every later read would fail, too. The transaction that removes
 * them must be able to read and write: otherwise the database does not work, and nothing is removed.
 */
export async function removeUnreadable(
  connection: Connection,
  writer: EntryWriter,
  keys: readonly string[],
): Promise<void> {
  // Chromium never commits a transaction that has met such a value. So a second one is begun right after the one that reads:
  // nothing is written in between.
  const reading = await connection.transaction('readonly')
  const found = readEntries(reading, keys, () => true).then(
    () => [],
    (error: unknown) => {
      if (!(error instanceof UnreadableError)) throw error
      try {
        // An abort by the browser would look like a lost connection.
        reading.abort()
      } catch {
        // The browser was faster.
      }
      return error.keys
    },
  )
  // Handled until it is awaited below, in case the next line fails.
  found.catch(() => {})
  const removing = await connection.transaction('readwrite')
  await inTransaction(removing, async () => {
    const [unreadable] = await Promise.all([found, result(removing.objectStore('entries').count())])
    if (unreadable.length > 0) await writer.remove(removing, unreadable)
  })
}

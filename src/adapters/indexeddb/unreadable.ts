import type { Connection } from './connection.ts'
import { readEntries, UnreadableError } from './entries.ts'
import type { Keeping } from './keeping.ts'
import { result } from './requests.ts'
import { inTransaction } from './room.ts'

/**
 * Removes those of the entries that still cannot be read. They would fail whoever reads them, for ever.
 * That another transaction is able to read and write tells them from a database that does not work.
 */
export async function removeUnreadable(
  connection: Connection,
  keeping: Keeping,
  keys: readonly string[],
): Promise<void> {
  // Chromium never commits a transaction that met such a value, whatever else it did. So another is begun right behind the one
  // that reads: nothing is written in between.
  const reading = await connection.transaction('readonly')
  const found = readEntries(reading, keys, () => true).then(
    () => [],
    (error: unknown) => {
      if (!(error instanceof UnreadableError)) throw error
      try {
        // By hand: an abort by the browser looks like a lost connection, which is then opened anew.
        reading.abort()
      } catch {
        // The browser was faster.
      }
      return error.keys
    },
  )
  // Until it is awaited below, should the next line fail.
  found.catch(() => {})
  const removing = await connection.transaction('readwrite')
  await inTransaction(removing, async () => {
    const [unreadable] = await Promise.all([found, result(removing.objectStore('entries').count())])
    if (unreadable.length > 0) await keeping.remove(removing, unreadable)
  })
}

import type { Connection } from './connection.ts'
import { readEntries, UnreadableError } from './entries.ts'
import type { Keeping } from './keeping.ts'
import { result } from './requests.ts'
import { inTransaction } from './room.ts'

/**
 * Removes those of the entries that still cannot be read, and gives how many. They would fail whoever reads them, for ever.
 * That the transaction is otherwise able to read and write tells them from a database that does not work.
 */
export async function removeUnreadable(
  connection: Connection,
  keeping: Keeping,
  keys: readonly string[],
): Promise<number> {
  const transaction = await connection.transaction('readwrite')
  return inTransaction(transaction, async () => {
    const unreadable = await stillUnreadable(transaction, keys)
    if (unreadable.length === 0) return 0
    await result(transaction.objectStore('entries').count())
    await keeping.remove(transaction, unreadable)
    return unreadable.length
  })
}

async function stillUnreadable(
  transaction: IDBTransaction,
  keys: readonly string[],
): Promise<readonly string[]> {
  try {
    await readEntries(transaction, keys, () => true)
    return []
  } catch (error) {
    if (error instanceof UnreadableError) return error.keys
    throw error
  }
}

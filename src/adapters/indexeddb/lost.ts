import type { Connection } from './connection.ts'
import { readEntries } from './entries.ts'
import type { Keeping } from './keeping.ts'
import { isNamed, result } from './requests.ts'
import { inTransaction } from './room.ts'

/** What Chromium says of a value whose file is missing: it keeps those of 64 kB or more in files of their own. */
export function isLost(error: unknown): boolean {
  return isNamed(error, 'NotReadableError')
}

/**
 * Finds out which entries the browser has lost, among `keys` or else among all, and removes them: they would fail whoever
 * reads them, for ever.
 */
export async function removeLost(
  connection: Connection,
  keeping: Keeping,
  keys: readonly string[],
): Promise<void> {
  let isAny = false
  for (const key of keys) if (await removeIfLost(connection, keeping, key)) isAny = true
  if (isAny) return
  const all = (await connection.transaction('readonly')).objectStore('entries').getAllKeys()
  for (const key of (await result(all)) as string[]) await removeIfLost(connection, keeping, key)
}

/** A transaction that reads what is lost is aborted. So another is begun right behind it: nothing is written in between. */
async function removeIfLost(connection: Connection, keeping: Keeping, key: string): Promise<boolean> {
  const reading = await connection.transaction('readonly')
  // Of another failure hears who tries again.
  const found = readEntries(reading, [key], () => true).then(() => false, isLost)
  const removing = await connection.transaction('readwrite')
  return inTransaction(removing, async () => {
    const [isGone] = await Promise.all([found, result(removing.objectStore('entries').count())])
    if (isGone) await keeping.remove(removing, [key])
    return isGone
  })
}

import type { Commit } from '../../core/batch.ts'
import { toStore } from './causes.ts'
import type { Connection } from './connection.ts'
import { isHuge } from './entries.ts'
import { answered, isNamed } from './requests.ts'

/** Adds to `refused` the values that the browser does not take, and returns whether there were any. Stores nothing. */
export async function findRefused(
  connection: Connection,
  commits: readonly Commit[],
  refused: Set<unknown>,
): Promise<boolean> {
  const known = refused.size
  for (const { op } of commits.flatMap(({ changes }) => changes)) {
    const value = 'entry' in op ? op.entry.value : undefined
    if (!isHuge(value) || refused.has(value)) continue
    if (!(await isTaken(await connection.transaction('readwrite'), value))) refused.add(value)
  }
  return refused.size > known
}

async function isTaken(transaction: IDBTransaction, value: unknown): Promise<boolean> {
  try {
    const request = transaction.objectStore('values').put(toStore(value), '')
    if (request.readyState !== 'done') await answered([request])
    // A lost connection says nothing about the value.
    return !request.error || isNamed(request.error, 'AbortError')
  } finally {
    try {
      transaction.abort()
    } catch {
      // The failed request has aborted it.
    }
  }
}

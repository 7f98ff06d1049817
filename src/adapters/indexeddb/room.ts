import { share } from '../../core/culling.ts'
import { CacheError } from '../../core/errors.ts'
import type { Keeping } from './keeping.ts'
import { completion, result } from './requests.ts'
import type { Use } from './schema.ts'
import type { Notes } from './uses.ts'

/** Whether the browser gave no more room. */
export function isQuotaExceeded(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError'
}

/** What the caller hears who found no room, with what the browser says of it. */
export async function quotaExceeded(cause: unknown): Promise<CacheError> {
  const { usage, quota } = await estimate()
  return new CacheError(
    'QUOTA_EXCEEDED',
    `Cannot write: the origin's storage is full (${usage ?? 'unknown'} of ${quota ?? 'unknown'} bytes used), also after ` +
      'dropping what had expired and what was least recently used. What was stored is unchanged',
    { cause, estimate: { usage, quota } },
  )
}

/**
 * Whether dropping one entry in `cullFrequency` can make room for so many bytes. A value that is larger than what would go
 * shall not cost what is there.
 */
export async function isWorthCulling(bytes: number, cullFrequency: number): Promise<boolean> {
  const { usage } = await estimate()
  return usage === undefined || bytes <= share(usage, cullFrequency)
}

async function estimate(): Promise<StorageEstimate> {
  // Only in secure contexts; and what only explains an error must not replace it by another.
  return (await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {}
}

/**
 * Removes entries that are dead at `now`, up to `count` of them, and gives how many there were. Walks the index of
 * deadlines: no value is read. That the deadline itself is included is `isAhead`'s rule.
 */
export async function removeDead(
  transaction: IDBTransaction,
  keeping: Keeping,
  now: number,
  count: number,
  isFull: boolean,
): Promise<number> {
  const index = transaction.objectStore('entries').index('expiresAt')
  const dead = (await result(index.getAllKeys(IDBKeyRange.upperBound(now), count))) as string[]
  await keeping.remove(transaction, dead, isFull)
  return dead.length
}

/**
 * Removes one entry in `cullFrequency`, the least recently used, and gives how many that were. Writes down no notes: there
 * is no room for them.
 */
export async function removeLeastUsed(
  transaction: IDBTransaction,
  keeping: Keeping,
  notes: Notes,
  cullFrequency: number,
): Promise<number> {
  const uses = transaction.objectStore('uses')
  const known = (await result(uses.getAllKeys())) as string[]
  const used: Use[] = await result(uses.getAll())
  const stamps = new Map(known.map((key, index) => [key, used[index]?.used ?? 0]))
  const all = (await result(transaction.objectStore('entries').getAllKeys())) as string[]
  // What nobody took note of was used longest ago.
  const usedAt = (key: string): number => notes.stampOf(key) ?? stamps.get(key) ?? 0
  const inOrder = all.sort((one, other) => usedAt(one) - usedAt(other))
  const leaving = inOrder.slice(0, Math.max(share(all.length, cullFrequency), 1))
  await keeping.remove(transaction, leaving, true)
  return leaving.length
}

/** Runs some of this to its end, in a transaction of its own. */
export async function inTransaction<T>(
  transaction: IDBTransaction,
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const [done] = await Promise.all([work(transaction), completion(transaction)])
  return done
}

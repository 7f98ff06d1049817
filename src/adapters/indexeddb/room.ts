import type { Entry, Outcome } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { share } from '../../core/culling.ts'
import { CacheError } from '../../core/errors.ts'
import { operationOf } from '../../core/operations.ts'
import { abort } from './commit.ts'
import { readEntries } from './entries.ts'
import { clearStores, drop, type Keeping, type Write, Written } from './keeping.ts'
import { forgetTotals, weightOf } from './ledger.ts'
import { completion, isNamed, result } from './requests.ts'
import type { Use } from './schema.ts'
import type { Notes } from './uses.ts'

/** Whether the browser gave no more room. */
export function isQuotaExceeded(error: unknown): boolean {
  return isNamed(error, 'QuotaExceededError')
}

/** What the caller hears who found no room, with what the browser says of it. */
export async function quotaExceeded(cause: unknown): Promise<CacheError> {
  const { usage, quota } = await estimate()
  return new CacheError(
    'QUOTA_EXCEEDED',
    `Cannot write: the origin's storage is full (${usage ?? 'unknown'} of ${quota ?? 'unknown'} bytes used), and ` +
      'dropping what has expired or was least recently used makes too little room. Nothing of this write is stored',
    { cause, estimate: { usage, quota } },
  )
}

/** What the browser says it stores, and may store: in Chromium the latter is made up, against fingerprinting. */
async function estimate(): Promise<StorageEstimate> {
  // Only in secure contexts; and what only explains an error must not replace it by another.
  return (await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {}
}

function weigh({ changes }: Commit): number {
  let weight = 0
  for (const { key, op } of changes) if ('entry' in op) weight += weightOf(key, op.entry.value)
  return weight
}

/** Whether a commit was given room, rather than giving some back or changing nothing. */
export function tookRoom({ changes }: Commit, outcomes: readonly Outcome[] | undefined): boolean {
  return changes.some(({ op }, index) => outcomes?.[index]?.ok && operationOf(op).stores)
}

/**
 * Keeps entries where the storage is full. A browser may then refuse whatever a transaction puts, however little, and take
 * deletions only: so what only removes puts nothing, and leaves the totals to be counted anew.
 */
export class InNeed implements Keeping {
  readonly #keeping: Keeping

  constructor(keeping: Keeping) {
    this.#keeping = keeping
  }

  fits(key: string, entry: Entry): boolean {
    return this.#keeping.fits(key, entry)
  }

  async prepare(transaction: IDBTransaction): Promise<Write> {
    return async (decision) => {
      const keys = [...decision.writes.keys()]
      if (decision.uses.size > 0) return (await this.#keeping.prepare(transaction, keys))(decision)
      await this.remove(transaction, keys)
      return new Written()
    }
  }

  async remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
    for (const key of keys) drop(transaction, key)
    forgetTotals(transaction)
  }

  async clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void> {
    forgetTotals(transaction)
    clearStores(transaction, range)
  }
}

/**
 * Removes entries that are dead at `now`, up to `count` of them or all, and gives how many there were. Walks the index of
 * deadlines: no value is read. That the deadline itself is included is `isAhead`'s rule.
 */
export async function removeDead(
  transaction: IDBTransaction,
  keeping: Keeping,
  now: number,
  count?: number,
): Promise<number> {
  const index = transaction.objectStore('entries').index('expiresAt')
  const dead = (await result(index.getAllKeys(IDBKeyRange.upperBound(now), count))) as string[]
  if (dead.length > 0) await keeping.remove(transaction, dead)
  return dead.length
}

/**
 * Removes the least recently used, one entry in `cullFrequency` and at least twice what `commit` weighs. Where all of them weigh
 * less nothing is removed: `false`. Puts nothing: notes are looked at, not written.
 */
export async function removeLeastUsed(
  transaction: IDBTransaction,
  keeping: Keeping,
  notes: Notes,
  cullFrequency: number,
  commit: Commit,
): Promise<boolean> {
  const inOrder = await leastUsedFirst(transaction, notes, commit)
  // Chromium may count what a transaction puts twice: as stored already, and as what is to be stored.
  const wanted = 2 * weigh(commit)
  let weight = 0
  let count = 0
  while (weight < wanted && count < inOrder.length) {
    const portion = inOrder.slice(count, count + PORTION)
    const entries = await readEntries(transaction, portion, () => true)
    for (const [index, key] of portion.entries()) {
      if (weight >= wanted) break
      weight += weightOf(key, entries[index]?.value)
      count += 1
    }
  }
  if (weight < wanted) return false
  await keeping.remove(
    transaction,
    inOrder.slice(0, Math.max(share(inOrder.length, cullFrequency), count, 1)),
  )
  return true
}

/** Few enough that their values fit in memory together. */
const PORTION = 5

async function leastUsedFirst(transaction: IDBTransaction, notes: Notes, commit: Commit): Promise<string[]> {
  const uses = transaction.objectStore('uses')
  const [all, known, stored] = await Promise.all([
    result(transaction.objectStore('entries').getAllKeys()) as Promise<string[]>,
    result(uses.getAllKeys()) as Promise<string[]>,
    result<Use[]>(uses.getAll()),
  ])
  // What nobody took note of was used longest ago. What is noted here may have been written, or used in another tab, since.
  const lastUse = new Map(known.map((key, index) => [key, stored[index]?.used ?? 0]))
  notes.sync(stored.reduce((last, { used }) => Math.max(last, used), 0))
  for (const key of all) lastUse.set(key, Math.max(lastUse.get(key) ?? 0, notes.useOf(key) ?? 0))
  // What it counts on, touches or moves must be there when it is tried again.
  for (const { key } of commit.changes) lastUse.set(key, Number.MAX_VALUE)
  return all.sort((one, other) => (lastUse.get(one) as number) - (lastUse.get(other) as number))
}

/** Runs some of this to its end, in a transaction of its own: all of it or nothing. */
export async function inTransaction<T>(
  transaction: IDBTransaction,
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const worked = work(transaction).catch((error: unknown) => abort(transaction, error))
  const [done] = await Promise.all([worked, completion(transaction)])
  return done
}

import type { Entry } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { share } from '../../core/culling.ts'
import type { AccessLog } from './access-log.ts'
import { clearEntries, readEntries, removeEntry, Written } from './entries.ts'
import type { EntryWriter, WriteDecision } from './eviction-policy.ts'
import { deleteTotals } from './no-limits.ts'
import { result } from './requests.ts'
import { CLAIMED, type Use } from './schema.ts'
import { weigh } from './usage-totals.ts'

/**
 * Writes to a full storage. A browser may refuse everything that a transaction puts, however small, and allow only deletions. So
 * a batch that only removes puts nothing, and leaves the totals to be counted again.
 */
export class UnderQuota implements EntryWriter {
  readonly #writer: EntryWriter

  constructor(writer: EntryWriter) {
    this.#writer = writer
  }

  fits(key: string, entry: Entry): boolean {
    return this.#writer.fits(key, entry)
  }

  prepare(transaction: IDBTransaction, commits: readonly Commit[]): WriteDecision {
    return async (decision) => {
      if (decision.uses.size > 0) return (await this.#writer.prepare(transaction, commits))(decision)
      this.remove(transaction, [...decision.writes.keys()])
      return new Written()
    }
  }

  remove(transaction: IDBTransaction, keys: readonly string[]): void {
    for (const key of keys) removeEntry(transaction, key)
    deleteTotals(transaction)
  }

  clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): void {
    deleteTotals(transaction)
    clearEntries(transaction, range)
  }
}

/**
 * Removes the least recently used entries: one in `cullFrequency`, and at least twice the weight of `commit`. Returns false, with
 * nothing removed, if all of them weigh less. Puts nothing.
 */
export async function removeLeastUsed(
  transaction: IDBTransaction,
  writer: EntryWriter,
  log: AccessLog,
  cullFrequency: number,
  commit: Commit,
): Promise<boolean> {
  const inOrder = await leastUsedFirst(transaction, log, commit)
  // Chromium may count what a transaction puts twice: as stored, and as to be stored.
  const wanted = 2 * weighCommit(commit)
  let weight = 0
  let count = 0
  while (weight < wanted && count < inOrder.length) {
    const portion = inOrder.slice(count, count + MAX_VALUES_IN_MEMORY)
    const entries = await readEntries(transaction, portion, () => true)
    for (const [index, key] of portion.entries()) {
      if (weight >= wanted) break
      weight += weigh(key, entries[index]?.value)
      count += 1
    }
  }
  if (weight < wanted) return false
  const evicted = inOrder.slice(0, Math.max(share(inOrder.length, cullFrequency), count, 1))
  await writer.remove(transaction, evicted)
  return true
}

const MAX_VALUES_IN_MEMORY = 5

function weighCommit({ changes }: Commit): number {
  let weight = 0
  for (const { key, op } of changes) if ('entry' in op) weight += weigh(key, op.entry.value)
  return weight
}

async function leastUsedFirst(
  transaction: IDBTransaction,
  log: AccessLog,
  commit: Commit,
): Promise<string[]> {
  const uses = transaction.objectStore('uses')
  const entries = transaction.objectStore('entries')
  const [all, claimed, known, stored] = await Promise.all([
    result(entries.getAllKeys()) as Promise<string[]>,
    result(entries.index('tags').getAllKeys(CLAIMED)) as Promise<string[]>,
    result(uses.getAllKeys()) as Promise<string[]>,
    result<Use[]>(uses.getAll()),
  ])
  // An entry without a use was used longest ago. One that is noted here may have been used later in another tab.
  const lastUse = new Map(known.map((key, index) => [key, stored[index]?.used ?? 0]))
  log.sync(stored.reduce((last, { used }) => Math.max(last, used), 0))
  for (const key of all) lastUse.set(key, Math.max(lastUse.get(key) ?? 0, log.useOf(key) ?? 0))
  // Without its claim, what is being loaded could not be stored.
  for (const key of claimed) lastUse.set(key, Number.MAX_VALUE)
  // What the commit counts on, touches or moves must still be there.
  for (const { key } of commit.changes) lastUse.set(key, Number.MAX_VALUE)
  return all.sort((one, other) => (lastUse.get(one) as number) - (lastUse.get(other) as number))
}

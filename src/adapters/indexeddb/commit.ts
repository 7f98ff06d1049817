import type { Entry, Op, Outcome } from '../../core/adapter.ts'
import { type BatchDecision, type Commit, decideBatch, keysToRead } from '../../core/batch.ts'
import { operationOf } from '../../core/operations.ts'
import { isLargeValue, readEntries, UNREAD, type Written } from './entries.ts'
import type { EntryWriter } from './eviction-policy.ts'
import { inTransaction, isNamed } from './requests.ts'

/**
 * Reads what the commits need, decides them and writes the decision, all in one transaction. Resolves when it is complete. If
 * it fails, nothing is stored. `refused` has the values that the browser is known not to take.
 */
export async function commitBatch(
  transaction: IDBTransaction,
  writer: EntryWriter,
  commits: readonly Commit[],
  refused: ReadonlySet<unknown>,
): Promise<readonly Outcome[][]> {
  let isSent = false
  // The size is checked first: to look for a long text in a set is to read it.
  const fits = (key: string, entry: Entry) =>
    !(refused.size > 0 && refused.has(entry.value)) && writer.fits(key, entry)
  try {
    return await inTransaction(transaction, async () => {
      const keys = keysToRead(commits)
      // Requested together: each wait for an answer costs as much as a lone read.
      const [found, write] = await Promise.all([
        readEntries(transaction, keys, needsValue(commits)),
        writer.prepare(transaction, commits),
      ])
      const stored = new Map<string, Entry>()
      for (const [index, key] of keys.entries()) {
        const entry = found[index]
        if (entry !== undefined) stored.set(key, entry)
      }
      const decision = keepLargeValues(decideBatch(stored, commits, fits), stored)
      const written = await write(decision)
      // Saves the browser finding out that no request follows: a third of a lone put. Not with a huge value: see `isHuge`.
      if (!written.hasHuge) transaction.commit()
      isSent = true
      return outcomesOf(commits, decision, written)
    })
  } catch (error) {
    // An abort is certain. A connection may have been lost after the commit.
    if (!isSent || !isNamed(error, 'UnknownError')) throw error
    throw new Error('The connection was lost during the commit: it is not known whether it was stored', {
      cause: error,
    })
  }
}

/** A large value that was read and stays as it is, as after a claim, is not written again. */
function keepLargeValues(decision: BatchDecision, stored: ReadonlyMap<string, Entry>): BatchDecision {
  let writes: Map<string, Entry | undefined> | undefined
  for (const [key, entry] of decision.writes) {
    if (entry?.claim === undefined || entry.value !== stored.get(key)?.value) continue
    if (!isLargeValue(entry.value)) continue
    writes ??= new Map(decision.writes)
    writes.set(key, { ...entry, value: UNREAD })
  }
  return writes === undefined ? decision : { ...decision, writes }
}

/** The other operations need only the deadline of a large entry. */
function needsValue(commits: readonly Commit[]): (key: string) => boolean {
  const needed = new Set<string>()
  for (const { changes } of commits)
    for (const { key, op } of changes) if (operationOf(op).needsValue) needed.add(key)
  return (key) => needed.has(key)
}

/** The outcomes, changed for the values that the browser did not take, or that others of the same commit evicted. */
function outcomesOf(
  commits: readonly Commit[],
  { outcomes, writes }: BatchDecision,
  { refused, evicted }: Written,
): readonly Outcome[][] {
  if (refused.size === 0 && evicted.size === 0) return outcomes
  const outcomeOf = (key: string, op: Op, made: Outcome, isAlone: boolean): Outcome => {
    if (!made.ok || !('entry' in op)) return made
    if (refused.has(key) && op.entry.value === writes.get(key)?.value) return TOO_LARGE
    return evicted.has(key) && !isAlone ? EVICTED : made
  }
  return commits.map(({ changes }, commit) =>
    changes.map(({ key, op }, index) =>
      outcomeOf(key, op, outcomes[commit]?.[index] as Outcome, changes.length === 1),
    ),
  )
}

const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }
const EVICTED: Outcome = { ok: false, reason: 'evicted' }

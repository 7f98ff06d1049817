import type { Entry, Op, Outcome } from '../../core/adapter.ts'
import { type BatchDecision, type Commit, decideBatch, keysToRead } from '../../core/batch.ts'
import { keysOf, operationOf } from '../../core/operations.ts'
import { readEntries, UnreadableError } from './entries.ts'
import type { Keeping, Written } from './keeping.ts'
import { completion, isNamed } from './requests.ts'

/**
 * Reads what the commits need, decides them, and writes what is left of them, all in one transaction. Resolves when it is
 * complete; a failed one has stored nothing. The values in `refused` are known to be more than the browser takes.
 */
export async function commitAll(
  transaction: IDBTransaction,
  keeping: Keeping,
  commits: readonly Commit[],
  refused: ReadonlySet<unknown>,
): Promise<readonly Outcome[][]> {
  let isSent = false
  // Asked only where there are some: to look for a long text in a set is to read it.
  const fits = (key: string, entry: Entry) =>
    !(refused.size > 0 && refused.has(entry.value)) && keeping.fits(key, entry)
  const decided = decideIn(transaction, keeping, commits, fits).then(
    (done) => {
      isSent = true
      return done
    },
    (error: unknown) => abort(transaction, error),
  )
  try {
    // Awaited together: a failure rejects both, and neither may be left unhandled.
    const [{ decision, written }] = await Promise.all([decided, completion(transaction)])
    return answersOf(commits, decision, written)
  } catch (error) {
    // An abort is certain; a lost connection may have been lost after the commit.
    if (!isSent || !isNamed(error, 'UnknownError')) throw error
    throw new Error('The connection was lost during the commit: whether it was stored is not known', {
      cause: error,
    })
  }
}

async function decideIn(
  transaction: IDBTransaction,
  keeping: Keeping,
  commits: readonly Commit[],
  fits: (key: string, entry: Entry) => boolean,
): Promise<{ decision: BatchDecision; written: Written }> {
  const keys = keysToRead(commits)
  // Asked for together: each wait for an answer costs as much as a lone read.
  const [found, write] = await Promise.all([
    readEntries(transaction, keys, takesValue(commits)),
    keeping.prepare(transaction, [...new Set(commits.flatMap(({ changes }) => changes.flatMap(keysOf)))]),
  ])
  const stored = new Map<string, Entry>()
  for (const [index, key] of keys.entries()) {
    const entry = found[index]
    if (entry !== undefined) stored.set(key, entry)
  }
  const decision = decideBatch(stored, commits, fits)
  const written = await write(decision)
  // Nothing follows: saying so saves the browser finding out, a third of a lone put.
  if (!written.isHuge) transaction.commit()
  return { decision, written }
}

/**
 * Which of the keys have an operation that hands the value on, or that tells its caller what is there, and so must not go by a
 * value that cannot be read. The others do well without a large one.
 */
function takesValue(commits: readonly Commit[]): (key: string) => boolean {
  const taken = new Set<string>()
  for (const { changes } of commits)
    for (const { key, op } of changes) if (operationOf(op).needsValue) taken.add(key)
  return (key) => taken.has(key)
}

/** Tells those whose value the browser could not take or that made room for others of their own commit, and nobody else. */
function answersOf(
  commits: readonly Commit[],
  { outcomes, writes }: BatchDecision,
  { refused, evicted }: Written,
): readonly Outcome[][] {
  if (refused.size === 0 && evicted.size === 0) return outcomes
  const answer = (key: string, op: Op, made: Outcome, isAlone: boolean): Outcome => {
    if (!made.ok || !('entry' in op)) return made
    if (refused.has(key) && op.entry.value === writes.get(key)?.value) return TOO_LARGE
    return evicted.has(key) && !isAlone ? EVICTED : made
  }
  return commits.map(({ changes }, commit) =>
    changes.map(({ key, op }, index) =>
      answer(key, op, outcomes[commit]?.[index] as Outcome, changes.length === 1),
    ),
  )
}

const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }
const EVICTED: Outcome = { ok: false, reason: 'evicted' }

/** What broke in the middle leaves nothing behind. Of a transaction that failed it is not the request that knows why. */
export function abort(transaction: IDBTransaction, error: unknown): never {
  const cause = error instanceof UnreadableError ? error : (transaction.error ?? error)
  try {
    transaction.abort()
  } catch {
    // It has ended already, by the same fault; `cause` tells of it.
  }
  throw cause
}

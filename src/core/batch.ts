import type { Change, Entry, Outcome } from './adapter.ts'
import { type Operation, operationOf, step } from './operations.ts'

/** The changes of one call, and the time of the call. */
export interface Commit {
  readonly changes: readonly Change[]
  readonly now: number
}

/** The keys that must be read before a batch can be decided. Each key appears once, in order of first need. */
export function keysToRead(commits: readonly Commit[]): string[] {
  const overwritten = new Set<string>()
  const needed = new Set<string>()
  for (const { changes, now } of commits) {
    for (const { key, op } of changes) {
      // A later change in the batch sees the entry that the blind change wrote.
      if (operationOf(op).isBlind(op, now)) overwritten.add(key)
      else if (!overwritten.has(key)) needed.add(key)
    }
  }
  return [...needed]
}

/** The outcomes of a batch, and what to write. */
export interface BatchDecision {
  /** For each commit, the outcomes of its changes, in order. */
  readonly outcomes: readonly Outcome[][]
  /** The entry to store under each changed key, `undefined` to remove it. Each key appears once. */
  readonly writes: ReadonlyMap<string, Entry | undefined>
  /** The operation that last wrote each remaining key, in order of last use. */
  readonly uses: ReadonlyMap<string, Operation>
}

/**
 * Decides the commits of a batch, in order, against the entries of the keys from {@link keysToRead}. For
 * adapters that read everything first, then decide, then write: IndexedDB and the Durable Object.
 *
 * If `fits` returns false for an entry, the change is refused as too large. {@link step} defines what then
 * happens to the key.
 */
export function decideBatch(
  stored: ReadonlyMap<string, Entry>,
  commits: readonly Commit[],
  fits: (key: string, entry: Entry) => boolean = () => true,
): BatchDecision {
  const writes = new Map<string, Entry | undefined>()
  const uses = new Map<string, Operation>()
  const place = {
    get: (key: string) => (writes.has(key) ? writes.get(key) : stored.get(key)),
    set: (key: string, entry: Entry, operation: Operation) => {
      if (!fits(key, entry)) return false
      writes.set(key, entry)
      // An operation that is not a use does not change an earlier use of the key in this batch, or its
      // position.
      if (!operation.isUse && uses.has(key)) return true
      uses.delete(key)
      uses.set(key, operation)
      return true
    },
    delete: (key: string) => {
      writes.set(key, undefined)
      uses.delete(key)
    },
  }
  const outcomes = commits.map(({ changes, now }) => changes.map(({ key, op }) => step(place, key, op, now)))
  return { outcomes, writes, uses }
}

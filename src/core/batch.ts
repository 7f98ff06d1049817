import type { Change, Entry, Outcome } from './adapter.ts'
import { type Operation, operationOf } from './operations.ts'
import { step } from './step.ts'

/** What one caller wants done together, and the time of the call. */
export interface Commit {
  readonly changes: readonly Change[]
  readonly now: number
}

/** The keys whose stored entries must be at hand before a batch can be decided: each once, in order of need. */
export function keysToRead(commits: readonly Commit[]): string[] {
  const overwritten = new Set<string>()
  const needed = new Set<string>()
  for (const { changes, now } of commits) {
    for (const { key, op } of changes) {
      // What follows a blind change in the batch sees what that one left.
      if (operationOf(op).isBlind(op, now)) overwritten.add(key)
      else if (!overwritten.has(key)) needed.add(key)
    }
  }
  return [...needed]
}

/** What became of the commits of a batch, and what to store. */
export interface BatchDecision {
  /** For each commit, one for each of its changes, in order. */
  readonly outcomes: readonly Outcome[][]
  /** What to store under each key that changed, `undefined` = remove: each key once, whatever happened to it. */
  readonly writes: ReadonlyMap<string, Entry | undefined>
  /** The operation that last wrote each key that stays, in order of last use. */
  readonly uses: ReadonlyMap<string, Operation>
}

/**
 * Decides the commits of a batch, in order, against the entries that {@link keysToRead} asked for. For the adapters that
 * read everything first, decide, and write what is left of it: IndexedDB and the Durable Object.
 *
 * What `fits` says no to is refused as too large, by {@link step}'s rule of what then becomes of the key.
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
      // What is no use leaves an earlier use of the key in this batch as it is, and in its place.
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

import type { Entry, Outcome } from '../../core/adapter.ts'
import type { BatchDecision, Commit } from '../../core/batch.ts'
import type { Written } from './entries.ts'

/** How entries are written and removed. Every method works in the transaction that it is given. */
export interface EntryWriter {
  /** False for an entry that is larger than the limit for all entries together. */
  fits(key: string, entry: Entry): boolean
  /** Reads what must be known before the commits are decided, and returns the function that writes the decision. */
  prepare(transaction: IDBTransaction, commits: readonly Commit[]): WriteDecision | Promise<WriteDecision>
  remove(transaction: IDBTransaction, keys: readonly string[]): void | Promise<void>
  /** Removes a range of keys, or all if `range` is `undefined`. */
  clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): void | Promise<void>
}

export type WriteDecision = (decision: BatchDecision) => Written | Promise<Written>

/** Runs work in a readwrite transaction, and again if the connection was lost. */
export type RunTransaction = <T>(work: (transaction: IDBTransaction) => Promise<T>) => Promise<T>

/**
 * Decides which entries leave when there are too many. `lruLimits()` makes one for each adapter. Entries that expired are
 * not its concern: the adapter removes them with or without a policy.
 */
export interface EvictionPolicy {
  readonly writer: EntryWriter
  /** Writes after the browser has refused a transaction for lack of space. */
  readonly underQuota: EntryWriter
  /** True if an eviction may free space. False after one that did not, until a write has found space. */
  readonly mayEvict: boolean
  /** Evicts entries to make space for `commit`. Returns false, with nothing done, if there are too few. */
  evictFor(transaction: IDBTransaction, commit: Commit): Promise<boolean>
  /** Hears of each batch that was stored. */
  committed(commits: readonly Commit[], outcomes: readonly (readonly Outcome[])[]): void
  /** Notes which of the entries that were read count as used. */
  noteReads(keys: readonly string[], entries: readonly (Entry | undefined)[], now: number): void
  /** True if there is something for {@link flush} to write. */
  readonly isDirty: boolean
  /** Writes what was noted to the database. */
  flush(run: RunTransaction): Promise<void>
}

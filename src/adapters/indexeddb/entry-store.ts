import type { Entry, Invalidation, Outcome } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import type { Read } from '../../core/batcher.ts'
import { rangeEnd } from '../../core/keys.ts'
import { copyOf } from '../../core/snapshot.ts'
import { commitBatch } from './commit.ts'
import type { Connection } from './connection.ts'
import { deleteOrphans, readEntries, UnreadableError } from './entries.ts'
import type { EntryWriter, EvictionPolicy } from './eviction-policy.ts'
import { findRefused } from './huge.ts'
import { invalidateRows } from './invalidate-rows.ts'
import { NoLimits } from './no-limits.ts'
import { commitUnderQuota, type FullStore, isQuotaExceeded } from './quota.ts'
import { abort, inTransaction, isNamed, result } from './requests.ts'
import { removeUnreadable } from './unreadable.ts'
import type { Answer, QueuedStore } from './write-queue.ts'

/**
 * Reads and writes the entries of one database: begins the transactions, and repeats those that can be repeated. A method that
 * takes `retrying` calls it before it writes again for lack of space.
 */
export class EntryStore implements QueuedStore, FullStore {
  readonly #connection: Connection
  readonly #limits: EvictionPolicy | undefined
  readonly #writer: EntryWriter
  readonly #underQuota: EntryWriter

  constructor(connection: Connection, limits: EvictionPolicy | undefined) {
    const noLimits = new NoLimits()
    this.#connection = connection
    this.#limits = limits
    this.#writer = limits?.writer ?? noLimits
    this.#underQuota = limits?.underQuota ?? noLimits
  }

  read(reads: readonly Read[]): Promise<(Entry | undefined)[][]> {
    const keys = new Set(reads.flatMap((read) => read.keys))
    return this.#insist(async () => {
      const whole = new Set(reads.flatMap((read) => (read.wanted === 'value' ? read.keys : [])))
      const transaction = await this.#connection.transaction('readonly')
      const read = await readEntries(transaction, [...keys], (key) => whole.has(key)).catch((error) =>
        abort(transaction, error),
      )
      const found = new Map<string, Entry | undefined>()
      for (const key of keys) found.set(key, read[found.size])
      return reads.map(({ keys: asked, wanted }) =>
        asked.map((key) => {
          const entry = found.get(key)
          // The first reader of a value gets the object that was read, every other one a copy.
          if (wanted === 'presence' || whole.delete(key)) return entry
          return entry && { ...entry, value: copyOf(entry.value, key) }
        }),
      )
    })
  }

  /** Up to `count` keys of a range, in order. */
  async keysIn(range: IDBKeyRange, count: number): Promise<string[]> {
    const find = async (): Promise<IDBValidKey[]> => {
      const transaction = await this.#connection.transaction('readonly')
      return result(transaction.objectStore('entries').getAllKeys(range, count))
    }
    return (await this.#insist(find)) as string[]
  }

  async commit(commits: readonly Commit[], retrying: () => void): Promise<readonly Answer[]> {
    try {
      return await this.#commit(commits, this.#writer)
    } catch (error) {
      if (!isQuotaExceeded(error)) throw error
      retrying()
      return commitUnderQuota(this, commits, error)
    }
  }

  /**
   * Commits again without the values that the browser does not take, if there are any. Not after a commit that may have been
   * stored: even a repeated `set` could undo what another tab has done in between.
   */
  async #commit(commits: readonly Commit[], writer: EntryWriter): Promise<readonly Outcome[][]> {
    const refused = new Set<unknown>()
    const outcomes = await this.#insist(async () => {
      for (;;) {
        try {
          return await commitBatch(await this.#connection.transaction('readwrite'), writer, commits, refused)
        } catch (error) {
          if (isQuotaExceeded(error) || !(await findRefused(this.#connection, commits, refused))) throw error
        }
      }
    })
    this.#limits?.committed(commits, outcomes)
    return outcomes
  }

  async tryCommit(commits: readonly Commit[]): Promise<readonly Outcome[][] | undefined> {
    try {
      return await this.#commit(commits, this.#underQuota)
    } catch (error) {
      if (isQuotaExceeded(error)) return undefined
      throw error
    }
  }

  removeExpired(now: number): Promise<number> {
    return this.run((transaction) => removeExpired(transaction, this.#underQuota, now))
  }

  async evictFor(commit: Commit): Promise<boolean> {
    const limits = this.#limits
    return limits?.mayEvict === true && this.run((transaction) => limits.evictFor(transaction, commit))
  }

  /** Removes every entry whose key begins with `scope`. */
  clear(scope: string, retrying: () => void): Promise<void> {
    const range = scope === '' ? undefined : keyRange(scope)
    return this.#remove(async (transaction, writer) => writer.clear(transaction, range), retrying)
  }

  /** Invalidates tags, all or nothing. */
  deleteTags(
    tags: readonly string[],
    now: number,
    invalidation: Invalidation,
    retrying: () => void,
  ): Promise<void> {
    return this.#remove(
      (transaction, writer) =>
        invalidateRows(transaction, writer, { tags, now, invalidation, mayPut: writer === this.#writer }),
      retrying,
    )
  }

  /** Removes some of what has expired at `now`. Resolves with the number of entries, less than `count` if they were all. */
  sweep(now: number, count: number, retrying: () => void): Promise<number> {
    return this.#remove((transaction, writer) => removeExpired(transaction, writer, now, count), retrying)
  }

  /** Removes the large values that nothing refers to any more. */
  sweepOrphans(): Promise<void> {
    return this.run(deleteOrphans)
  }

  /** Runs work in a readwrite transaction, and again if the connection was lost. */
  run<T>(work: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    return this.#insist(async () => inTransaction(await this.#connection.transaction('readwrite'), work))
  }

  async #remove<T>(
    work: (transaction: IDBTransaction, writer: EntryWriter) => Promise<T>,
    retrying: () => void,
  ): Promise<T> {
    try {
      return await this.run((transaction) => work(transaction, this.#writer))
    } catch (error) {
      if (!isQuotaExceeded(error)) throw error
      retrying()
      return this.run((transaction) => work(transaction, this.#underQuota))
    }
  }

  /**
   * Tries again when the connection was lost: several times, since a connection that was opened while a user clears the site's
   * data is lost again. Also tries again without the values that cannot be read, as long as there are some to remove.
   */
  async #insist<T>(attempt: () => Promise<T>): Promise<T> {
    let unreadable: readonly string[] = []
    for (let retries = MAX_RETRIES, removals = MAX_REMOVALS; ; ) {
      try {
        if (unreadable.length > 0) await removeUnreadable(this.#connection, this.#underQuota, unreadable)
        unreadable = []
        return await attempt()
      } catch (error) {
        if (error instanceof UnreadableError && removals > 0) {
          unreadable = error.keys
          removals -= 1
          continue
        }
        // These say that the connection was lost, and not that the work was wrong.
        if (retries === 0 || !isNamed(error, 'AbortError', 'InvalidStateError', 'UnknownError')) throw error
        retries -= 1
      }
    }
  }
}

/** The keys that begin with `scope`, all or those after one of them. */
export function keyRange(scope: string, after?: string): IDBKeyRange {
  const end = rangeEnd(scope)
  const isAfter = after !== undefined
  const start = after ?? scope
  return end === undefined
    ? IDBKeyRange.lowerBound(start, isAfter)
    : IDBKeyRange.bound(start, end, isAfter, true)
}

const MAX_RETRIES = 3

/** How often one call may find further values that cannot be read. A batch finds all of its own at once. */
const MAX_REMOVALS = 1_000

/**
 * Removes up to `count` entries that have expired at `now`, or all. Walks the index of deadlines, without reading values. The
 * range includes the deadline itself, by the rule of `isAhead`.
 */
async function removeExpired(
  transaction: IDBTransaction,
  writer: EntryWriter,
  now: number,
  count?: number,
): Promise<number> {
  const index = transaction.objectStore('entries').index('expiresAt')
  const expired = (await result(index.getAllKeys(IDBKeyRange.upperBound(now), count))) as string[]
  if (expired.length > 0) await writer.remove(transaction, expired)
  return expired.length
}

import type { Change, Entry, Outcome, Wanted } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { Batcher, type Read, type Work } from '../../core/batcher.ts'

import { rangeEnd } from '../../core/keys.ts'
import { isLive } from '../../core/liveness.ts'
import { copyOf } from '../../core/snapshot.ts'
import { abort, commitAll } from './commit.ts'
import type { Connection } from './connection.ts'
import { deleteOrphans, readEntries, UnreadableError } from './entries.ts'
import { isHuge, isTaken } from './huge.ts'
import type { Keeping } from './keeping.ts'
import { Order } from './order.ts'
import { isNamed } from './requests.ts'
import {
  InNeed,
  inTransaction,
  isQuotaExceeded,
  quotaExceeded,
  removeDead,
  removeLeastUsed,
  tookRoom,
} from './room.ts'
import { removeUnreadable } from './unreadable.ts'
import type { Notes } from './uses.ts'

/** The entries of one database: the transactions, and what to do when they fail. */
export class Database implements Work {
  readonly #connection: Connection
  readonly #keeping: Keeping
  readonly #notes: Notes
  readonly #inNeed: Keeping
  readonly #cullFrequency: number
  readonly #order = new Order()
  readonly #turns = new Batcher(this)
  /** Whether the last drop of least recently used entries made no room, and no write has found any since. */
  #isDropVain = false

  constructor(connection: Connection, keeping: Keeping, notes: Notes, cullFrequency: number) {
    this.#connection = connection
    this.#keeping = keeping
    this.#inNeed = new InNeed(keeping)
    this.#notes = notes
    this.#cullFrequency = cullFrequency
  }

  async get(keys: readonly string[], now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    const entries = await this.#turns.read({ keys, wanted })
    if (wanted === 'value') {
      for (const [index, key] of keys.entries()) if (isLive(entries[index], now)) this.#notes.note(key)
    }
    return entries
  }

  change(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    return this.#turns.commit({ changes, now })
  }

  async clear(scope: string): Promise<void> {
    this.#turns.start()
    const end = rangeEnd(scope)
    const range = end === undefined ? undefined : IDBKeyRange.bound(scope, end, false, true)
    await this.#remove((transaction, keeping) => keeping.clear(transaction, range))
  }

  /** Removes what is dead at `now`, in portions that let others come between, and gives how many entries that were. */
  async sweep(now: number): Promise<number> {
    let swept = 0
    for (;;) {
      const dead = await this.#remove((transaction, keeping) =>
        removeDead(transaction, keeping, now, PORTION),
      )
      swept += dead
      if (dead < PORTION) break
    }
    await this.#order.write(() => this.#change(deleteOrphans))
    await this.writeNotes()
    return swept
  }

  /** Comes after all that was asked for before it, also where nothing is noted: then it cannot fail. */
  writeNotes(): Promise<void> {
    const isAny = this.#notes.size > 0
    const written = this.#order.write(async () => {
      if (this.#notes.size === 0) return
      const taken = this.#notes.take()
      try {
        await this.#change((transaction) => this.#notes.write(transaction, taken))
      } catch (error) {
        this.#notes.putBack(taken)
        // They only advise; a full storage is the affair of those who write values.
        if (!isQuotaExceeded(error)) throw error
      }
    })
    return isAny ? written : written.catch(() => {})
  }

  read(reads: readonly Read[]): Promise<(Entry | undefined)[][]> {
    return this.#order.read(() => this.#insist(() => this.#read(reads)))
  }

  async #read(reads: readonly Read[]): Promise<(Entry | undefined)[][]> {
    const keys = new Set(reads.flatMap((read) => read.keys))
    const whole = new Set(reads.flatMap((read) => (read.wanted === 'value' ? read.keys : [])))
    const transaction = await this.#connection.transaction('readonly')
    const read = await readEntries(transaction, [...keys], (key) => whole.has(key)).catch((error: unknown) =>
      abort(transaction, error),
    )
    const found = new Map<string, Entry | undefined>()
    for (const key of keys) found.set(key, read[found.size])
    return reads.map(({ keys: asked, wanted }) =>
      asked.map((key) => {
        const entry = found.get(key)
        // Read once however many ask, and yet to each who takes the value an object of its own.
        if (wanted === 'presence' || whole.delete(key)) return entry
        return entry && { ...entry, value: copyOf(entry.value, key) }
      }),
    )
  }

  commit(commits: readonly Commit[]): Promise<readonly Answer[]> {
    return this.#order.commit(commits, (all) => this.#commit(all))
  }

  async #commit(commits: readonly Commit[]): Promise<readonly Answer[]> {
    try {
      return await this.#make(commits, this.#keeping)
    } catch (error) {
      if (!isQuotaExceeded(error)) throw error
      this.#order.retry()
      return this.#commitInNeed(commits, error)
    }
  }

  /** In doubt not even a set may be done a second time: it would undo what another tab did in between. */
  async #make(commits: readonly Commit[], keeping: Keeping): Promise<readonly Outcome[][]> {
    const outcomes = await this.#insist(() => this.#attempt(commits, keeping))
    if (commits.some((commit, index) => tookRoom(commit, outcomes[index]))) this.#isDropVain = false
    return outcomes
  }

  /** Again without the values that are more than the browser takes, if it turns out that there are some. */
  async #attempt(commits: readonly Commit[], keeping: Keeping): Promise<readonly Outcome[][]> {
    const refused = new Set<unknown>()
    for (;;) {
      try {
        return await commitAll(await this.#connection.transaction('readwrite'), keeping, commits, refused)
      } catch (error) {
        if (isQuotaExceeded(error) || !(await this.#findRefused(commits, refused))) throw error
      }
    }
  }

  async #findRefused(commits: readonly Commit[], refused: Set<unknown>): Promise<boolean> {
    const known = refused.size
    for (const { op } of commits.flatMap(({ changes }) => changes)) {
      const value = 'entry' in op ? op.entry.value : undefined
      if (!isHuge(value) || refused.has(value)) continue
      if (!(await isTaken(await this.#connection.transaction('readwrite'), value))) refused.add(value)
    }
    return refused.size > known
  }

  /**
   * There was no room. Without the dead there may be some; if not, each caller's changes are tried by themselves, so that
   * one large value is the misfortune of its own caller.
   */
  async #commitInNeed(commits: readonly Commit[], error: unknown): Promise<readonly Answer[]> {
    const now = Math.max(...commits.map((commit) => commit.now))
    const dead = await this.#change((transaction) => removeDead(transaction, this.#inNeed, now))
    if (dead > 0) {
      const outcomes = await this.#commitIfRoom(commits)
      if (outcomes.length > 0) return outcomes
    }
    const answers: Promise<readonly Outcome[]>[] = []
    for (const commit of commits) {
      answers.push(this.#commitAlone(commit, error))
      // One after another: what one leaves is the other's.
      await answers.at(-1)?.catch(() => {})
    }
    return answers
  }

  /**
   * Once the least recently used make way, but not for what is too large for that, and not again where it made no room: a
   * cache must not be emptied in vain.
   */
  async #commitAlone(commit: Commit, error: unknown): Promise<readonly Outcome[]> {
    const make = (transaction: IDBTransaction) =>
      removeLeastUsed(transaction, this.#inNeed, this.#notes, this.#cullFrequency, commit)
    let [outcomes] = await this.#commitIfRoom([commit])
    if (outcomes === undefined && !this.#isDropVain && (await this.#change(make))) {
      outcomes = (await this.#commitIfRoom([commit]))[0]
      this.#isDropVain = outcomes === undefined
    }
    if (outcomes === undefined) throw await quotaExceeded(error)
    return outcomes
  }

  /** Nothing where there is still no room. */
  async #commitIfRoom(commits: readonly Commit[]): Promise<readonly Outcome[][]> {
    try {
      return await this.#make(commits, this.#inNeed)
    } catch (error) {
      if (isQuotaExceeded(error)) return []
      throw error
    }
  }

  /** For what may be done twice. */
  #change<T>(work: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    return this.#insist(async () => inTransaction(await this.#connection.transaction('readwrite'), work))
  }

  /** What only removes succeeds in a full storage, too. */
  #remove<T>(work: (transaction: IDBTransaction, keeping: Keeping) => Promise<T>): Promise<T> {
    return this.#order.write(async () => {
      try {
        return await this.#change((transaction) => work(transaction, this.#keeping))
      } catch (error) {
        if (!isQuotaExceeded(error)) throw error
        this.#order.retry()
        return this.#change((transaction) => work(transaction, this.#inNeed))
      }
    })
  }

  /**
   * Tries again when the connection was lost: more than once, since one that was opened while a user clears the site's data is
   * lost again. And without the values that cannot be read, as often as there are some to remove.
   */
  async #insist<T>(attempt: () => Promise<T>): Promise<T> {
    let unreadable: readonly string[] = []
    for (let left = 3, removals = MAX_REMOVALS; ; ) {
      try {
        if (unreadable.length > 0) await removeUnreadable(this.#connection, this.#inNeed, unreadable)
        unreadable = []
        return await attempt()
      } catch (error) {
        if (error instanceof UnreadableError && removals > 0) {
          unreadable = error.keys
          removals -= 1
          continue
        }
        if (left === 0 || !isInterruption(error)) throw error
        left -= 1
      }
    }
  }
}

type Answer = readonly Outcome[] | Promise<readonly Outcome[]>

/** How often an operation may meet further values that cannot be read. A batch finds all of its own at once. */
const MAX_REMOVALS = 1_000

/** Entries in one transaction of a sweep. */
const PORTION = 1_000

/** Whether the connection was lost, rather than the work being at fault. */
function isInterruption(error: unknown): boolean {
  return isNamed(error, 'AbortError', 'InvalidStateError', 'UnknownError')
}

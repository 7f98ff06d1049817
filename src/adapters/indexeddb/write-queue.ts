import type { Entry, Outcome } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { MAX_BATCH_KEYS, type Read, type Work } from '../../core/batcher.ts'
import { OpenTimeoutError } from './connection.ts'

type Entries = readonly (Entry | undefined)[]

/** The outcomes of one commit, or a promise of them if it succeeds or fails on its own. */
export type Answer = readonly Outcome[] | Promise<readonly Outcome[]>

export interface QueuedStore {
  read(reads: readonly Read[]): Promise<readonly Entries[]>
  /** Calls `retrying` before it tries again what it found no space for. */
  commit(commits: readonly Commit[], retrying: () => void): Promise<readonly Answer[]>
}

interface Waiting {
  readonly begin: () => void
  readonly fail: (error: unknown) => void
  readonly isRead: boolean
  /** The commits that more can join while they wait. */
  batch?: Batch
}

interface Batch {
  readonly commits: Commit[]
  /** The number of changes. */
  size: number
  readonly answers: Promise<readonly Answer[]>
}

/**
 * Keeps writes in order, also if one finds no space and is tried again. Writes run one after another. Commits that wait behind
 * the same write form a batch. Everything starts by asking for a transaction: the browser runs those in order.
 */
export class WriteQueue implements Work {
  readonly #store: QueuedStore
  readonly #waiting: Waiting[] = []
  #isWriting = false
  #isRetrying = false

  constructor(store: QueuedStore) {
    this.#store = store
  }

  read(reads: readonly Read[]): Promise<readonly Entries[]> {
    return this.look(() => this.#store.read(reads))
  }

  /** Runs work that only reads. Begins at once unless a write waits. The browser lets it see the write that is running. */
  look<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isRetrying && this.#waiting.length === 0) return this.#look(work)
    return new Promise((resolve, fail) => {
      this.#waiting.push({ begin: () => resolve(this.#look(work)), fail, isRead: true })
    })
  }

  async #look<T>(work: () => Promise<T>): Promise<T> {
    const found = await work()
    if (!this.#isRetrying) return found
    // The write before this read has stored nothing yet. Everything that waits comes after this read.
    return new Promise((resolve, fail) => {
      this.#waiting.unshift({ begin: () => resolve(work()), fail, isRead: true })
    })
  }

  commit(commits: readonly Commit[]): Promise<readonly Answer[]> {
    if (!this.#isWriting) return this.#write((retrying) => this.#store.commit(commits, retrying))
    const batch = this.#lastBatch()
    const start = batch.commits.length
    for (const commit of commits) {
      batch.commits.push(commit)
      batch.size += commit.changes.length
    }
    return batch.answers.then((answers) => answers.slice(start, start + commits.length))
  }

  #lastBatch(): Batch {
    const last = this.#waiting.at(-1)?.batch
    if (last !== undefined && last.size < MAX_BATCH_KEYS) return last
    const commits: Commit[] = []
    const answers = this.write((retrying) => this.#store.commit(commits, retrying))
    const batch = { commits, size: 0, answers }
    ;(this.#waiting.at(-1) as Waiting).batch = batch
    return batch
  }

  /** Begins at once unless another write is running. */
  write<T>(work: (retrying: () => void) => Promise<T>): Promise<T> {
    if (!this.#isWriting) return this.#write(work)
    return new Promise((resolve, fail) => {
      this.#waiting.push({ begin: () => resolve(this.#write(work)), fail, isRead: false })
    })
  }

  async #write<T>(work: (retrying: () => void) => Promise<T>): Promise<T> {
    this.#isWriting = true
    try {
      return await work(() => {
        this.#isRetrying = true
      })
    } catch (error) {
      // The database did not open. Those that wait must not wait for that a second time.
      if (error instanceof OpenTimeoutError) for (const { fail } of this.#waiting.splice(0)) fail(error)
      throw error
    } finally {
      this.#isWriting = false
      this.#isRetrying = false
      this.#beginNext()
    }
  }

  /** Begins one write, and the reads before and after it. */
  #beginNext(): void {
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined || (this.#isWriting && !next.isRead)) return
      this.#waiting.shift()
      next.begin()
    }
  }
}

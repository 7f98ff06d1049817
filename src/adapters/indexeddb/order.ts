import type { Commit } from '../../core/batch.ts'
import { MAX_BATCH_KEYS } from '../../core/batcher.ts'
import { OpenTimeoutError } from './connection.ts'

/** What waits for its turn. */
interface Waiting {
  readonly begin: () => void
  readonly fail: (error: unknown) => void
  readonly isRead?: boolean
  /** What more commits may join while it waits. */
  readonly batch?: Batch<unknown> | undefined
}

/** Commits that are made together. */
interface Batch<Answer> {
  readonly commits: Commit[]
  /** How many changes that are. */
  size: number
  answers?: Promise<readonly Answer[]>
}

/**
 * Keeps what is written in the order in which it was asked for, also where a write finds no room and is tried again: one write
 * after another, each with the commits that were asked for while the one before was under way, and reads where they belong
 * between. All work is begun by asking for a transaction: those come in the order in which they were asked for.
 */
export class Order {
  #isWriting = false
  /** Whether the write under way found no room, and is tried again. */
  #isRetrying = false
  readonly #waiting: Waiting[] = []

  /** Begins at once where no write waits: the browser lets it see the one under way. */
  read<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isRetrying && this.#waiting.length === 0) return this.#read(work)
    return new Promise((resolve, fail) => {
      this.#waiting.push({ begin: () => resolve(this.#read(work)), fail, isRead: true })
    })
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    const found = await work()
    if (!this.#isRetrying) return found
    // What was written before it has not found room yet. All that waits comes after it.
    return new Promise((resolve, fail) => {
      this.#waiting.unshift({ begin: () => resolve(work()), fail, isRead: true })
    })
  }

  /** Makes commits, together with those that wait last. */
  async commit<Answer>(
    commits: readonly Commit[],
    make: (commits: readonly Commit[]) => Promise<readonly Answer[]>,
  ): Promise<readonly Answer[]> {
    const last = this.#waiting.at(-1)?.batch as Batch<Answer> | undefined
    const batch: Batch<Answer> =
      last !== undefined && last.size < MAX_BATCH_KEYS ? last : { commits: [], size: 0 }
    const start = batch.commits.length
    for (const commit of commits) {
      batch.commits.push(commit)
      batch.size += commit.changes.length
    }
    batch.answers ??= this.write(() => make(batch.commits), batch)
    return (await batch.answers).slice(start, start + commits.length)
  }

  /** Begins at once where nothing is written: what is read next must find it begun. */
  write<T>(work: () => Promise<T>, batch?: Batch<unknown>): Promise<T> {
    if (!this.#isWriting) return this.#write(work)
    return new Promise((resolve, fail) => {
      this.#waiting.push({ begin: () => resolve(this.#write(work)), fail, batch })
    })
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    this.#isWriting = true
    try {
      return await work()
    } catch (error) {
      // The database did not open. Nobody waits for that a second time behind others.
      if (error instanceof OpenTimeoutError) for (const { fail } of this.#waiting.splice(0)) fail(error)
      throw error
    } finally {
      this.#isWriting = false
      this.#isRetrying = false
      this.#beginNext()
    }
  }

  /** To be called by a write that found no room, before it is tried again. */
  retry(): void {
    this.#isRetrying = true
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

import type { Entry, Outcome, Wanted } from './adapter.ts'
import type { Commit } from './batch.ts'

export interface Read {
  readonly keys: readonly string[]
  readonly wanted: Wanted
}

/** What is done with all that was asked for in one turn of the event loop: an answer to each, or a promise of one. */
export interface Work<R extends Read = Read> {
  read(reads: readonly R[]): Promise<readonly Sooner<readonly (Entry | undefined)[]>[]>
  commit(commits: readonly Commit[]): Promise<readonly Sooner<readonly Outcome[]>[]>
}

type Sooner<Answer> = Answer | PromiseLike<Answer>

interface Asked<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Sooner<Answer>) => void
  readonly reject: (reason: unknown) => void
}

type AskedRead<R> = Asked<R, readonly (Entry | undefined)[]>
type AskedCommit = Asked<Commit, readonly Outcome[]>

/**
 * Gathers the calls of one turn of the event loop, which each would pay for a transaction or a call to the owner of its own,
 * into at most three: reads, commits, and the reads that were asked for after a commit, so that they see it. A lone call waits for nobody.
 */
export class Batcher<R extends Read = Read> {
  readonly #work: Work<R>
  #before: AskedRead<R>[] = []
  #commits: AskedCommit[] = []
  #after: AskedRead<R>[] = []
  #size = 0

  constructor(work: Work<R>) {
    this.#work = work
  }

  read(question: R): Promise<readonly (Entry | undefined)[]> {
    return new Promise((resolve, reject) => {
      const reads = this.#commits.length === 0 ? this.#before : this.#after
      reads.push({ question, resolve, reject })
      this.#grow(question.keys.length)
    })
  }

  commit(question: Commit): Promise<readonly Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#commits.push({ question, resolve, reject })
      this.#grow(question.changes.length)
    })
  }

  /** Starts what was asked for so far: whatever is begun next comes after it. */
  start(): void {
    const work = this.#work
    const read = (reads: R[]) => work.read(reads)
    ask(this.#before, read)
    ask(this.#commits, (commits) => work.commit(commits))
    ask(this.#after, read)
    this.#before = []
    this.#commits = []
    this.#after = []
    this.#size = 0
  }

  #grow(by: number): void {
    if (this.#size === 0) NOW.then(() => this.start())
    this.#size += Math.max(by, 1)
    if (this.#size >= MAX_BATCH_KEYS) this.start()
  }
}

/** `queueMicrotask` would do the same, and costs a lone read 4 % more in Chromium. */
const NOW = Promise.resolve()

/** Keys done together: beyond it there is nothing more to be saved, and others wait for a transaction to end. */
export const MAX_BATCH_KEYS = 2_000

/** Puts all questions at once, and gives each its answer, or all of them the one error. */
function ask<Question, Answer>(
  asked: readonly Asked<Question, Answer>[],
  answer: (questions: Question[]) => Promise<readonly Sooner<Answer>[]>,
): void {
  if (asked.length === 0) return
  answer(asked.map(({ question }) => question)).then(
    (answers) => {
      for (const [index, { resolve }] of asked.entries()) resolve(answers[index] as Sooner<Answer>)
    },
    (error) => {
      for (const { reject } of asked) reject(error)
    },
  )
}

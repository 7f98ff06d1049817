import type { Entry, Outcome, Wanted } from './adapter.ts'
import type { Commit } from './batch.ts'

export interface Read {
  readonly keys: readonly string[]
  readonly wanted: Wanted
}

/** Runs the batches that a {@link Batcher} forms. Returns one answer, or a promise of one, for each request. */
export interface Work<R extends Read = Read> {
  read(reads: readonly R[]): Promise<readonly MaybePromise<readonly (Entry | undefined)[]>[]>
  commit(commits: readonly Commit[]): Promise<readonly MaybePromise<readonly Outcome[]>[]>
}

type MaybePromise<Value> = Value | PromiseLike<Value>

interface Request<Input, Answer> {
  readonly input: Input
  readonly resolve: (answer: MaybePromise<Answer>) => void
  readonly reject: (reason: unknown) => void
}

type ReadRequest<R> = Request<R, readonly (Entry | undefined)[]>
type CommitRequest = Request<Commit, readonly Outcome[]>

/**
 * Batches the calls of one turn of the event loop, so that they do not each need a transaction or a call to the
 * owner. It forms at most three batches: reads, commits, and the reads requested after a commit, which see it.
 * A single call is not delayed.
 */
export class Batcher<R extends Read = Read> {
  readonly #work: Work<R>
  #readsBefore: ReadRequest<R>[] = []
  #commits: CommitRequest[] = []
  #readsAfter: ReadRequest<R>[] = []
  #size = 0

  constructor(work: Work<R>) {
    this.#work = work
  }

  read(input: R): Promise<readonly (Entry | undefined)[]> {
    return new Promise((resolve, reject) => {
      const reads = this.#commits.length === 0 ? this.#readsBefore : this.#readsAfter
      reads.push({ input, resolve, reject })
      this.#grow(input.keys.length)
    })
  }

  commit(input: Commit): Promise<readonly Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#commits.push({ input, resolve, reject })
      this.#grow(input.changes.length)
    })
  }

  /** Runs the pending requests now. Later requests run after them. */
  start(): void {
    const work = this.#work
    const read = (reads: R[]) => work.read(reads)
    run(this.#readsBefore, read)
    run(this.#commits, (commits) => work.commit(commits))
    run(this.#readsAfter, read)
    this.#readsBefore = []
    this.#commits = []
    this.#readsAfter = []
    this.#size = 0
  }

  #grow(by: number): void {
    if (this.#size === 0) RESOLVED.then(() => this.start())
    this.#size += Math.max(by, 1)
    if (this.#size >= MAX_BATCH_KEYS) this.start()
  }
}

/** `queueMicrotask` would do the same, but makes a single read 4 % slower in Chromium. */
const RESOLVED = Promise.resolve()

/** The largest batch. Larger ones save nothing more and delay other callers. */
export const MAX_BATCH_KEYS = 2_000

/** Runs one batch, and settles each request with its answer, or all of them with the error. */
function run<Input, Answer>(
  requests: readonly Request<Input, Answer>[],
  answer: (inputs: Input[]) => Promise<readonly MaybePromise<Answer>[]>,
): void {
  if (requests.length === 0) return
  answer(requests.map(({ input }) => input)).then(
    (answers) => {
      for (const [index, { resolve }] of requests.entries()) resolve(answers[index] as MaybePromise<Answer>)
    },
    (error) => {
      for (const { reject } of requests) reject(error)
    },
  )
}

import { type RequestScope, requestScope } from '../../core/request-scope.ts'

interface Running {
  readonly scope: RequestScope
  readonly ended: Promise<void>
  /** `performance.now()`. */
  readonly begunAt: number
}

/**
 * Runs work of several steps in order, for each request by itself. Requests do not wait for each other: the work of a cancelled request
 * never ends.
 */
export class Sequence {
  #running: readonly Running[] = []

  /** Resolves when the current request's work has ended; `undefined` if there is none. */
  get pending(): Promise<void> | undefined {
    return this.#running.length === 0 ? undefined : this.#ofThisRequest()?.ended
  }

  /** Begins once all earlier work of the same request has ended. */
  run<T>(begin: () => Promise<T>): Promise<T> {
    const before = this.pending
    const work = before === undefined ? begin() : before.then(begin)
    const ended = work.then(
      () => {},
      () => {},
    )
    const running = { scope: requestScope(), ended, begunAt: performance.now() }
    // The last work of a request ends after all before it.
    this.#running = [...this.#alive(running.begunAt).filter(({ ended }) => ended !== before), running]
    ended.then(() => {
      this.#running = this.#running.filter((other) => other !== running)
    })
    return work
  }

  #ofThisRequest(): Running | undefined {
    return this.#running.findLast(({ scope }) => scope.isCurrent())
  }

  /** Without the work of requests that were probably cancelled. */
  #alive(now: number): readonly Running[] {
    return this.#running.filter(({ begunAt }) => now - begunAt < GIVEN_UP_AFTER_MS).slice(-MAX_REQUESTS)
  }
}

/** Longer than any write takes. */
const GIVEN_UP_AFTER_MS = 300_000
const MAX_REQUESTS = 100

import { type RequestScope, requestScope } from '../../core/request-scope.ts'

interface Running {
  readonly scope: RequestScope
  readonly ended: Promise<void>
  /** By the monotonic clock, in milliseconds. */
  readonly begunAt: number
}

/**
 * Work that takes several steps, one piece after the other for each request. Requests do not wait for each other, as those in different
 * isolates do not: what a cancelled request was waiting for never comes, and whoever waited for it would wait for ever.
 */
export class Sequence {
  #running: readonly Running[] = []

  /** What the current request must wait for, if anything. */
  get pending(): Promise<void> | undefined {
    // Most adapters are of one request, and seldom have anything to wait for.
    return this.#running.length === 0 ? undefined : this.#ofThisRequest()?.ended
  }

  /** Begins after all work of the same request has ended. */
  run<T>(begin: () => Promise<T>): Promise<T> {
    const before = this.pending
    const work = before === undefined ? begin() : before.then(begin)
    const ended = work.then(
      () => {},
      () => {},
    )
    const running = { scope: requestScope(), ended, begunAt: performance.now() }
    // The last of a request stands for all before it.
    this.#running = [...this.#alive(running.begunAt).filter(({ ended }) => ended !== before), running]
    ended.then(() => {
      this.#running = this.#running.filter((other) => other !== running)
    })
    return work
  }

  #ofThisRequest(): Running | undefined {
    return this.#running.findLast(({ scope }) => scope.isCurrent())
  }

  /** Without those of requests that must have been cancelled: they never end. */
  #alive(now: number): readonly Running[] {
    return this.#running.filter(({ begunAt }) => now - begunAt < GIVEN_UP_AFTER_MS).slice(-MAX_REQUESTS)
  }
}

/** Longer than any write takes. */
const GIVEN_UP_AFTER_MS = 300_000
/** Requests of one isolate whose work is remembered. */
const MAX_REQUESTS = 100

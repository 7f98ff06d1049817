interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
  readonly forget: () => void
}

/**
 * Callers who wait for one promise and may abort before it settles. A promise reaction cannot be removed: it
 * would keep everything of an aborted caller alive while the promise is pending. So the promise has one
 * reaction, and the callers are in a set.
 */
export class Waiters<T> {
  readonly #promise: Promise<T>
  readonly #waiting = new Set<Waiter<T>>()
  #isClosed = false

  constructor(promise: Promise<T>) {
    this.#promise = promise
    promise.then(
      (value) => this.#each(({ resolve }) => resolve(value)),
      (reason: unknown) => this.#each(({ reject }) => reject(reason)),
    )
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Must be called just before the promise settles. Later callers wait for the promise itself. */
  close(): void {
    this.#isClosed = true
  }

  /** Waits until the promise settles or `signal` aborts. */
  wait(signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#isClosed) return this.#promise
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter)
        reject(signal.reason)
      }
      const waiter = { resolve, reject, forget: () => signal.removeEventListener('abort', leave) }
      this.#waiting.add(waiter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #each(tell: (waiter: Waiter<T>) => void): void {
    this.#isClosed = true
    for (const waiter of this.#waiting) {
      waiter.forget()
      tell(waiter)
    }
    this.#waiting.clear()
  }
}

/** Waits for `promise` until `signal` aborts. The work behind the promise continues. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? promise : new Waiters(promise).wait(signal)
}

/**
 * Waits for `work` for at most `milliseconds`, then rejects with the result of `late`. The work itself
 * continues. Where no timer can be set, there is no limit.
 */
export function withDeadline<T>(work: Promise<T>, milliseconds: number, late: () => unknown): Promise<T> {
  return new SharedDeadline(milliseconds).wait(work, late)
}

/**
 * Does the same as {@link withDeadline} for many calls. Calls of one turn of the event loop share a timer,
 * since a timer costs more than everything else (about 2 µs in Chromium). Calls of different turns never
 * share one: at the edge a timer belongs to the request that set it.
 */
export class Deadlines {
  readonly #milliseconds: number
  #current: SharedDeadline | undefined

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  wait<T>(work: Promise<T>, late: () => unknown): Promise<T> {
    if (this.#current === undefined || this.#current.isOver) {
      const current = new SharedDeadline(this.#milliseconds)
      this.#current = current
      RESOLVED.then(() => {
        if (this.#current === current) this.#current = undefined
      })
    }
    return this.#current.wait(work, late)
  }
}

const RESOLVED = Promise.resolve()

/** One timer for several waiting calls. */
class SharedDeadline {
  /** True if the time is over, or every waiting call has its answer. */
  isOver = false
  readonly #waiting = new Set<() => void>()
  readonly #stop: () => void

  constructor(milliseconds: number) {
    this.#stop = startTimer(milliseconds, () => {
      this.isOver = true
      for (const expire of this.#waiting) expire()
      this.#waiting.clear()
    })
  }

  wait<T>(work: Promise<T>, late: () => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const expire = (): void => reject(late())
      this.#waiting.add(expire)
      work.then(
        (value) => {
          this.#leave(expire)
          resolve(value)
        },
        (error: unknown) => {
          this.#leave(expire)
          reject(error)
        },
      )
    })
  }

  #leave(expire: () => void): void {
    this.#waiting.delete(expire)
    if (this.#waiting.size > 0 || this.isOver) return
    this.isOver = true
    this.#stop()
  }
}

/**
 * Calls `pass` after `milliseconds`. Returns a function that cancels it.
 *
 * Measures the time in slices. A slice that ends much too late (blocked thread, frozen page, sleeping
 * computer) counts as one slice, and never as the last: the answer may be in the queue behind the timer.
 */
function startTimer(milliseconds: number, pass: () => void): () => void {
  const slice = Math.min(milliseconds / TIMER_SLICES, MAX_TIMER_MS)
  let left = TIMER_SLICES
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = (): void => {
    const begun = performance.now()
    timer = setTimeout(() => {
      left -= 1
      const isLate = performance.now() - begun > 1.5 * slice + TIMER_SLACK_MS
      if (left > 0 || isLate) wait()
      else pass()
    }, slice)
  }
  try {
    wait()
  } catch {
    // At module scope workerd allows no timers, and little else works. Let the work report its own error.
  }
  return () => {
    if (timer !== undefined) clearTimeout(timer)
  }
}

const TIMER_SLICES = 4

/** How late a timer may fire on a busy thread that is not blocked. */
const TIMER_SLACK_MS = 100

/** A longer timer fires at once. https://developer.mozilla.org/docs/Web/API/Window/setTimeout */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Waits for `work` at most `milliseconds`, then rejects with what `late` gives. The work itself goes on. Without a limit where
 * no timer can be set.
 */
export function withDeadline<T>(work: Promise<T>, milliseconds: number, late: () => unknown): Promise<T> {
  return new SharedDeadline(milliseconds).wait(work, late)
}

/**
 * {@link withDeadline} for many calls: those of one turn of the event loop share a timer, which costs more than all the rest (in
 * Chromium some 2 µs each). Those of two turns never do: at the edge a timer belongs to the request that set it.
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
      NOW.then(() => {
        if (this.#current === current) this.#current = undefined
      })
    }
    return this.#current.wait(work, late)
  }
}

const NOW = Promise.resolve()

/** One timer, for all who begin to wait while it is new. */
class SharedDeadline {
  /** Whether it has passed, or all who waited have their answers. */
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
 * Calls `pass` after `milliseconds`; gives what stops it.
 *
 * The time is measured in slices. A slice that ends much too late (the thread was blocked, the page was frozen, the computer
 * slept) counts as one slice, and never as the last: the answer may stand in the queue behind the timer.
 */
function startTimer(milliseconds: number, pass: () => void): () => void {
  const slice = Math.min(milliseconds / SLICES, MAX_TIMER_MS)
  let left = SLICES
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
    // At module scope in workerd no timer can be set, and hardly anything else works: what the work itself says is to be told.
  }
  return () => {
    if (timer !== undefined) clearTimeout(timer)
  }
}

const SLICES = 4

/** How much later than asked for a timer fires on a busy thread that nothing blocks for long. */
const TIMER_SLACK_MS = 100

/** A timer that is set for longer fires at once. https://developer.mozilla.org/docs/Web/API/Window/setTimeout */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Waits for `work` at most `milliseconds`, then rejects with what `late` gives. The work itself goes on. Without a limit where
 * no timer can be set.
 *
 * The time is measured in slices. A slice that ends much too late (the thread was blocked, the page was frozen, the computer
 * slept) counts as one slice, and never as the last: the answer may stand in the queue behind the timer.
 */
export function withDeadline<T>(work: Promise<T>, milliseconds: number, late: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const slice = Math.min(milliseconds / SLICES, MAX_TIMER_MS)
    let left = SLICES
    let timer: ReturnType<typeof setTimeout> | undefined
    const wait = (): void => {
      const begun = performance.now()
      timer = setTimeout(() => {
        left -= 1
        const isLate = performance.now() - begun > 1.5 * slice + TIMER_SLACK_MS
        if (left > 0 || isLate) wait()
        else reject(late())
      }, slice)
    }
    try {
      wait()
    } catch {
      // At module scope in workerd no timer can be set, and hardly anything else works: what the work itself says is to be told.
    }
    const stop = (): void => {
      if (timer !== undefined) clearTimeout(timer)
    }
    work.then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        reject(error)
      },
    )
  })
}

const SLICES = 4

/** How much later than asked for a timer fires on a busy thread that nothing blocks for long. */
const TIMER_SLACK_MS = 100

/** A timer that is set for longer fires at once. https://developer.mozilla.org/docs/Web/API/Window/setTimeout */
const MAX_TIMER_MS = 2 ** 31 - 1

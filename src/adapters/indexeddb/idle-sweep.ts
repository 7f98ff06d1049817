import { callGuarded, type Report } from './faults.ts'

/** Calls `work` once there is nothing better to do. */
export type WhenIdle = (work: () => void) => void

/** Sweeps some time after use, when the page is idle. */
export class IdleSweep {
  readonly #sweep: () => Promise<unknown>
  readonly #whenIdle: WhenIdle
  readonly #report: Report
  /** What is asked for now. An idle callback of an earlier one does nothing. */
  #due: object | undefined

  constructor(sweep: () => Promise<unknown>, whenIdle: WhenIdle, report: Report) {
    this.#sweep = sweep
    this.#whenIdle = whenIdle
    this.#report = report
  }

  /** Never throws: it is called after a commit, whose answer must not change. */
  arm(): void {
    if (this.#due !== undefined) return
    const due = {}
    this.#due = due
    const work = (): void => {
      if (this.#due !== due) return
      this.#due = undefined
      this.#sweep().catch((error: unknown) => this.#report('The idle sweep failed', error))
    }
    callGuarded(
      () => this.#whenIdle(work),
      (error) => {
        this.#report('whenIdle failed', error)
        whenIdle(work)
      },
    )
  }

  cancel(): void {
    this.#due = undefined
  }
}

export function whenIdle(work: () => void): void {
  // Neither workers nor Safari have it.
  const page = globalThis as { requestIdleCallback?: (work: () => void, how: { timeout: number }) => void }
  const timer: unknown = setTimeout(() => {
    if (page.requestIdleCallback === undefined) work()
    else page.requestIdleCallback(work, { timeout: IDLE_DELAY_MS })
  }, IDLE_DELAY_MS)
  // In Node a timer keeps the process alive.
  ;(timer as { unref?: () => void }).unref?.()
}

const IDLE_DELAY_MS = 5_000

import { callGuarded, type Report } from './faults.ts'

/** Sweeps once the page is idle, some time after use. */
export class IdleSweep {
  readonly #sweep: () => Promise<unknown>
  readonly #whenIdle: (work: () => void) => void
  readonly #report: Report
  /** Identifies the sweep that is due. Callbacks of an earlier one do nothing. */
  #due: object | undefined

  constructor(
    sweep: () => Promise<unknown>,
    whenIdle: ((work: () => void) => void) | undefined,
    report: Report,
  ) {
    this.#sweep = sweep
    this.#whenIdle = whenIdle ?? whenPageIsIdle
    this.#report = report
  }

  /** Never throws: a call that has succeeded must not fail here. */
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
        whenPageIsIdle(work)
      },
    )
  }

  cancel(): void {
    this.#due = undefined
  }
}

function whenPageIsIdle(work: () => void): void {
  // Missing in workers and in Safari.
  const page = globalThis as { requestIdleCallback?: (work: () => void, how: { timeout: number }) => void }
  const timer: unknown = setTimeout(() => {
    if (page.requestIdleCallback === undefined) work()
    else page.requestIdleCallback(work, { timeout: IDLE_DELAY_MS })
  }, IDLE_DELAY_MS)
  // In Node a timer keeps the process alive.
  ;(timer as { unref?: () => void }).unref?.()
}

const IDLE_DELAY_MS = 5_000

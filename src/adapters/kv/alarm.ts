/** The one alarm of an owner, shared by all that need to be woken. */
export class Alarm {
  readonly #storage: DurableObjectStorage
  readonly #onFault: (error: unknown) => void
  /** The time set, as far as this instance knows. */
  #at: number | undefined
  /** When this instance learned it. */
  #knownSince = 0
  /** While an alarm runs, the time asked for the next one, which is set at the end. */
  #asked: number | undefined

  constructor(storage: DurableObjectStorage, onFault: (error: unknown) => void) {
    this.#storage = storage
    this.#onFault = onFault
  }

  get isUnderWay(): boolean {
    return this.#asked !== undefined
  }

  /** True if an alarm is set, as far as is known. It may have been lost, so the knowledge expires. */
  get isSet(): boolean {
    const now = Date.now()
    return this.#at !== undefined && now < this.#at + OVERDUE_MS && now < this.#knownSince + RECHECK_MS
  }

  /** Runs the work of an alarm. The next alarm comes at least `pause` milliseconds after its end. */
  async run(work: () => Promise<void>, pause: number): Promise<void> {
    this.#at = undefined
    this.#asked = Number.POSITIVE_INFINITY
    try {
      await work()
    } finally {
      const asked = this.#asked
      this.#asked = undefined
      if (asked < Number.POSITIVE_INFINITY) this.wakeAt(Math.max(asked, Date.now() + pause))
    }
  }

  /** Wakes the owner at this time at the latest. */
  wakeAt(time: number): void {
    if (this.#asked !== undefined) {
      this.#asked = Math.min(this.#asked, time)
      return
    }
    if (this.isSet && (this.#at as number) <= time) return
    this.#know(time)
    this.#storage.setAlarm(time).catch((error: unknown) => {
      this.#at = undefined
      this.#onFault(error)
    })
  }

  /** The same for work that can wait: an earlier alarm, also of an earlier instance, is kept. */
  wakeSometime(time: number): void {
    if (this.#asked !== undefined || this.isSet) {
      this.wakeAt(time)
      return
    }
    this.#know(time)
    this.#storage
      .getAlarm()
      .then((at) => {
        // Meanwhile an earlier alarm was set, or has run.
        if (this.#at !== time) return undefined
        if (at === null || at > time) return this.#storage.setAlarm(time)
        this.#know(at)
        return undefined
      })
      // Only storage space depends on it. The next write tries again.
      .catch(() => {
        if (this.#at === time) this.#at = undefined
      })
  }

  #know(time: number): void {
    this.#at = time
    this.#knownSince = Date.now()
  }
}

/** An alarm that is later counts as lost. */
const OVERDUE_MS = 60_000
/** After this time it is checked again whether an alarm is set. */
const RECHECK_MS = 3_600_000

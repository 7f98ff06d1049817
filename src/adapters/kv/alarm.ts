/** The alarm of an owner: one, to which all come who need one. */
export class Alarm {
  readonly #storage: DurableObjectStorage
  readonly #onFault: (error: unknown) => void
  /** The time that is set, as far as this instance knows: the alarm itself outlives it. */
  #at: number | undefined
  /** When this instance came to know it. */
  #knownSince = 0
  /** While an alarm is being seen to, the time that the next one is asked for: it is set at the end. */
  #asked: number | undefined

  constructor(storage: DurableObjectStorage, onFault: (error: unknown) => void) {
    this.#storage = storage
    this.#onFault = onFault
  }

  get isUnderWay(): boolean {
    return this.#asked !== undefined
  }

  /**
   * Whether one is set, for all that is known. What is known grows old: an alarm may have been deleted by others, or be lost; and one
   * that should have rung long ago did not.
   */
  get isSet(): boolean {
    const now = Date.now()
    return this.#at !== undefined && now < this.#at + OVERDUE && now < this.#knownSince + KNOWN_FOR
  }

  /** Sees to an alarm. The next comes `pause` milliseconds after its end or later, whoever asks for one meanwhile. */
  async seeTo(work: () => Promise<void>, pause: number): Promise<void> {
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

  /** Sets it to this time at the latest, in the same turn as what it is for. */
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

  /** The same for what can wait: one that an earlier instance set sooner is left as it is. */
  wakeSometime(time: number): void {
    if (this.#asked !== undefined || this.isSet) {
      this.wakeAt(time)
      return
    }
    this.#know(time)
    this.#storage
      .getAlarm()
      .then((at) => {
        // Meanwhile one was set for an earlier time, or seen to.
        if (this.#at !== time) return undefined
        if (at === null || at > time) return this.#storage.setAlarm(time)
        this.#know(at)
        return undefined
      })
      // Nothing but room depends on it: the next write tries again.
      .catch(() => {
        if (this.#at === time) this.#at = undefined
      })
  }

  #know(time: number): void {
    this.#at = time
    this.#knownSince = Date.now()
  }
}

/** Milliseconds by which an alarm may be late. */
const OVERDUE = 60_000
/** Milliseconds after which it is looked at again whether it is set. */
const KNOWN_FOR = 3_600_000

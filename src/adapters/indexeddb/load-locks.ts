/** How a request for a lock has ended. */
export interface LockReply {
  /**
   * `held-elsewhere`: the caller did not want to wait. `timed-out`: it has waited for as long as it wanted. `stopped`: by
   * {@link LoadLocks.stopWaiting}.
   */
  readonly state: 'held' | 'held-elsewhere' | 'timed-out' | 'stopped'
  /** Only if it is held. A second call does nothing. */
  readonly release?: (() => void) | undefined
}

/**
 * A Web Lock per key of one database. The browser releases the locks of a tab that is closed or crashes.
 * https://w3c.github.io/web-locks/
 */
export class LoadLocks {
  readonly #database: string
  readonly #waiting = new Set<AbortController>()

  constructor(database: string) {
    this.#database = database
  }

  /** Missing outside secure contexts and in old engines. */
  get areSupported(): boolean {
    return lockManager() !== undefined
  }

  request(
    key: string,
    { wait, milliseconds }: { readonly wait: boolean; readonly milliseconds: number },
  ): Promise<LockReply> {
    const waiting = new AbortController()
    let isTimedOut = false
    const timer = setTimeout(
      () => {
        isTimedOut = true
        waiting.abort()
      },
      Math.min(milliseconds, MAX_TIMER_MS),
    )
    this.#waiting.add(waiting)
    const reply = new Promise<LockReply>((resolve, reject) => {
      const hold = (lock: Lock | null): Promise<void> | undefined => {
        if (lock !== null) return new Promise((release) => resolve({ state: 'held', release }))
        resolve({ state: 'held-elsewhere' })
        return undefined
      }
      // The two options exclude each other.
      const options = wait ? { signal: waiting.signal } : { ifAvailable: true }
      const requested = lockManager()?.request(`nearcache:${this.#database}:${key}`, options, hold)
      requested?.catch((error: unknown) => {
        if (!waiting.signal.aborted) reject(error)
        else resolve({ state: isTimedOut ? 'timed-out' : 'stopped' })
      })
    })
    return reply.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(waiting)
    })
  }

  stopWaiting(): void {
    for (const waiting of this.#waiting) waiting.abort()
  }
}

function lockManager(): LockManager | undefined {
  return (globalThis.navigator as { locks?: LockManager } | undefined)?.locks
}

/** A longer timer fires at once. https://developer.mozilla.org/docs/Web/API/Window/setTimeout */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A load under way. */
export interface Flight<T> {
  result: Promise<T>
  /** True once a write, delete or clear has overtaken the load: its result must not be stored. */
  superseded: boolean
}

/** What the callers of one key share while at least one of them is here. */
export interface Visit<T> {
  callers: number
  /** The load to join, if one is under way and nothing has overtaken it. */
  flight: Flight<T> | undefined
  /** The last load that ended and was not overtaken: it is the answer to whoever was already here and read too early. */
  landed: Flight<T> | undefined
}

/**
 * One load at a time per key within this process, for all caches that share an adapter, and the knowledge of
 * which loads a write has overtaken.
 */
export class Flights<T> {
  readonly #visits = new Map<string, Visit<T>>()

  get size(): number {
    return this.#visits.size
  }

  enter(key: string): Visit<T> {
    let visit = this.#visits.get(key)
    if (visit === undefined) {
      visit = { callers: 0, flight: undefined, landed: undefined }
      this.#visits.set(key, visit)
    }
    visit.callers += 1
    return visit
  }

  leave(key: string, visit: Visit<T>): void {
    visit.callers -= 1
    this.#forgetIfIdle(key, visit)
  }

  /** Starts a load that later callers of the key join. `load` learns from its flight whether it was overtaken. */
  start(key: string, visit: Visit<T>, load: (flight: Flight<T>) => Promise<T>): Flight<T> {
    const flight: Flight<T> = { superseded: false, result: NOT_YET }
    // Before the load begins: what its loader does at once may overtake it already.
    visit.flight = flight
    flight.result = load(flight).finally(() => {
      if (visit.flight === flight) visit.flight = undefined
      if (!flight.superseded) visit.landed = flight
      this.#forgetIfIdle(key, visit)
    })
    // Whoever waits hears of a failure; when all have left, it is nobody's unhandled rejection.
    flight.result.catch(() => {})
    return flight
  }

  /** To be called when a write to `key` begins. */
  supersede(key: string): void {
    const visit = this.#visits.get(key)
    if (visit !== undefined) overtake(visit)
  }

  /** To be called when every key beginning with `scope` is being cleared. */
  supersedeScope(scope: string): void {
    for (const [key, visit] of this.#visits) if (key.startsWith(scope)) overtake(visit)
  }

  #forgetIfIdle(key: string, visit: Visit<T>): void {
    if (visit.callers === 0 && visit.flight === undefined) this.#visits.delete(key)
  }
}

const NOT_YET = new Promise<never>(() => {})

function overtake(visit: Visit<unknown>): void {
  visit.landed = undefined
  if (visit.flight === undefined) return
  visit.flight.superseded = true
  visit.flight = undefined
}

/** Waits for `promise` until `signal` aborts; leaving does not stop what is waited for. */
export function leavable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    // Since it was last looked at. What is left behind is listened to all the same: its failure is nobody's.
    if (signal.aborted) leave()
  })
}

import type { Change, Op, Outcome } from './adapter.ts'
import { keysOf, operationOf } from './operations.ts'
import { hasRequests, type RequestScope, requestScope } from './request-scope.ts'
import { Waiters } from './waiters.ts'

/** A load under way. */
export class Flight<T> {
  /** True once a change of the key has superseded the load: its result must not be stored. */
  superseded = false
  /** Where other callers can wait for it; `undefined` if nowhere. */
  readonly #scope: RequestScope | undefined
  /** Changes of the key that were begun after the load, and whose outcomes are not known yet. Made with the first. */
  #changes: Set<PendingChanges<T>> | undefined
  #result: Promise<T> | undefined
  #waiters: Waiters<T> | undefined

  constructor(scope?: RequestScope) {
    this.#scope = scope
  }

  /**
   * Whether other callers can wait for it. Those of another request cannot, whose load ends with it. A load of the sync face
   * ends before anyone could.
   */
  get isJoinable(): boolean {
    return this.#scope?.isCurrent() === true
  }

  /** The callers who wait for the load and can still leave. */
  get waiting(): number {
    return this.#waiters?.size ?? 0
  }

  /** Runs the load. `ended` is called before anyone who waits hears of the result. */
  run(load: (flight: Flight<T>) => Promise<T>, ended: () => void): void {
    this.#result = load(this).finally(() => {
      this.#waiters?.close()
      ended()
    })
    // Whoever waits hears of a failure; when all have left, it is nobody's unhandled rejection.
    this.#result.catch(() => {})
  }

  /** The result of the load, for a caller who may leave by `signal`. */
  wait(signal: AbortSignal | undefined): Promise<T> {
    const result = this.#result as Promise<T>
    if (signal === undefined) return result
    this.#waiters ??= new Waiters(result)
    return this.#waiters.wait(signal)
  }

  addPending(changes: PendingChanges<T>): void {
    this.#changes ??= new Set()
    this.#changes.add(changes)
  }

  removePending(changes: PendingChanges<T>): void {
    this.#changes?.delete(changes)
  }

  /**
   * Resolves when the outcomes of the changes under way are known; `undefined` if there are none. With `removalsOnly`, only of
   * those that may remove the key. Without the changes of other requests, which may have been cancelled and then never end.
   */
  pendingOutcomes(removalsOnly = false): Promise<unknown> | undefined {
    if (this.#changes === undefined) return undefined
    const pending: Promise<void>[] = []
    for (const { mayRemoveKey, scope, ended } of this.#changes) {
      if ((mayRemoveKey || !removalsOnly) && scope?.isCurrent() === true) pending.push(ended)
    }
    return pending.length === 0 ? undefined : Promise.all(pending)
  }
}

/** What the callers of one key share while one of them is reading, or a load is under way. */
export interface Visit<T> {
  /** Callers who read, and have not found a value nor a load yet. */
  callers: number
  /** The loads that nothing has superseded. Replaced, never changed in place. */
  flights: readonly Flight<T>[]
  /** The last load that ended without being superseded: the answer to whoever was already here and read too early. */
  landed: Flight<T> | undefined
}

/**
 * One load at a time per key within this process, for all caches that share an adapter, and the knowledge of
 * which loads a change has superseded.
 */
export class Flights<T> {
  readonly #visits = new Map<string, Visit<T>>()

  /** 0: no load is under way, and no change needs to be noted. */
  get size(): number {
    return this.#visits.size
  }

  enter(key: string): Visit<T> {
    let visit = this.#visits.get(key)
    if (visit === undefined) {
      if (this.#visits.size >= MAX_VISITS && hasRequests()) this.#forgetFirst()
      visit = { callers: 0, flights: [], landed: undefined }
      this.#visits.set(key, visit)
    }
    visit.callers += 1
    return visit
  }

  leave(key: string, visit: Visit<T>): void {
    visit.callers -= 1
    this.#forgetIfIdle(key, visit)
  }

  /** The load to join: one that is under way, or that has ended since `landed` was the last that had. */
  joinable(visit: Visit<T>, landed: Flight<T> | undefined): Flight<T> | undefined {
    for (const flight of visit.flights) if (flight.isJoinable) return flight
    return visit.landed === landed || visit.landed?.isJoinable !== true ? undefined : visit.landed
  }

  /** Starts a load that later callers of the key join. `load` learns from its flight whether it was superseded. */
  start(key: string, visit: Visit<T>, load: (flight: Flight<T>) => Promise<T>): Flight<T> {
    const flight = new Flight<T>(requestScope())
    // Forgotten: no change could tell it any more that it is superseded.
    if (this.#visits.get(key) !== visit) flight.superseded = true
    // Before the load begins: what its loader does at once may supersede it already.
    visit.flights = [...visit.flights, flight]
    flight.run(load, () => {
      remove(visit, flight)
      if (!flight.superseded) visit.landed = flight
      this.#forgetIfIdle(key, visit)
    })
    return flight
  }

  /** Runs a load that ends at once, and that nobody can join. */
  runSync<R>(key: string, load: (flight: Flight<T>) => R): R {
    const visit = this.enter(key)
    const flight = new Flight<T>()
    visit.flights = [...visit.flights, flight]
    try {
      return load(flight)
    } finally {
      remove(visit, flight)
      this.leave(key, visit)
    }
  }

  /** To be called before changes that take time; `undefined` if they concern no load. */
  begin(changes: readonly Change[], now: number): PendingChanges<T> | undefined {
    if (this.#visits.size === 0) return undefined
    const pending = new PendingChanges<T>(changes.some(({ op }) => operationOf(op).mayRemove(op, now)))
    for (const [index, change] of changes.entries()) {
      for (const key of keysOf(change)) pending.concern(this.#visits.get(key), change.op, index)
    }
    return pending
  }

  /** To be called before every key that begins with `scope` is cleared. */
  beginClear(scope: string): PendingChanges<T> | undefined {
    if (this.#visits.size === 0) return undefined
    const pending = new PendingChanges<T>(true)
    for (const [key, visit] of this.#visits) if (key.startsWith(scope)) pending.concern(visit, CLEAR, 0)
    return pending
  }

  /** Visits of cancelled requests are never left: they must not stay for ever. */
  #forgetFirst(): void {
    for (const [key, visit] of this.#visits) {
      this.#visits.delete(key)
      for (const flight of visit.flights) flight.superseded = true
      return
    }
  }

  #forgetIfIdle(key: string, visit: Visit<T>): void {
    if (visit.callers > 0 || visit.flights.length > 0) return
    if (this.#visits.get(key) === visit) this.#visits.delete(key)
  }
}

/** Of an isolate that serves requests: far more than are alive at once. */
const MAX_VISITS = 10_000

/** A clear does to each key what `delete` does. */
const CLEAR: Op = { kind: 'delete' }

interface Concern<T> {
  readonly visit: Visit<T>
  readonly flight: Flight<T>
  readonly op: Op
  readonly index: number
}

/** Changes that are under way, and the loads of their keys that had begun before them. */
export class PendingChanges<T> {
  readonly mayRemoveKey: boolean
  /** The request that made them, if they concern a load. */
  scope: RequestScope | undefined
  /** Resolves when the outcomes are known. */
  readonly ended: Promise<void>
  #resolve: () => void = () => {}
  readonly #concerns: Concern<T>[] = []

  constructor(mayRemoveKey: boolean) {
    this.mayRemoveKey = mayRemoveKey
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  concern(visit: Visit<T> | undefined, op: Op, index: number): void {
    if (visit === undefined) return
    const flights = visit.landed === undefined ? visit.flights : [...visit.flights, visit.landed]
    for (const flight of flights) {
      this.scope ??= requestScope()
      flight.addPending(this)
      this.#concerns.push({ visit, flight, op, index })
      // No need to wait for the outcome: who comes later must not join the load.
      if (operationOf(op).isUnconditional) supersede(visit, flight)
    }
  }

  /** To be called with the outcomes, without them if the changes failed. */
  end(outcomes?: readonly (Outcome | undefined)[]): void {
    for (const { visit, flight, op, index } of this.#concerns) {
      flight.removePending(this)
      if (hasSuperseded(op, outcomes?.[index])) supersede(visit, flight)
    }
    this.#resolve()
  }
}

/** A change that failed has no outcome: it may have been made, and counts as made. */
function hasSuperseded(op: Op, outcome: Outcome | undefined): boolean {
  return operationOf(op).isUnconditional || outcome?.ok !== false
}

function supersede<T>(visit: Visit<T>, flight: Flight<T>): void {
  flight.superseded = true
  remove(visit, flight)
  if (visit.landed === flight) visit.landed = undefined
}

function remove<T>(visit: Visit<T>, flight: Flight<T>): void {
  visit.flights = visit.flights.filter((other) => other !== flight)
}

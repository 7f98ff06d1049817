import type { Adapter, Change, Op, Outcome } from './adapter.ts'
import { keysOf, operationOf } from './operations.ts'
import { hasRequests, type RequestScope, requestScope } from './request-scope.ts'
import { Waiters } from './waiters.ts'

/** A load under way. */
export class InFlight<T> {
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
  run(load: (inFlight: InFlight<T>) => Promise<T>, ended: () => void): void {
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
export interface KeyState<T> {
  /** Callers who read, and have not found a value nor a load yet. */
  callers: number
  /** The loads that nothing has superseded. Replaced, never changed in place. */
  loads: readonly InFlight<T>[]
  /** The last load that ended without being superseded: the answer to whoever was already here and read too early. */
  settled: InFlight<T> | undefined
}

/**
 * One load at a time per key within this process, for all caches that share an adapter, and the knowledge of
 * which loads a change has superseded.
 */
export class InFlightLoads<T> {
  readonly #states = new Map<string, KeyState<T>>()

  /** 0: no load is under way, and no change needs to be noted. */
  get size(): number {
    return this.#states.size
  }

  enter(key: string): KeyState<T> {
    let state = this.#states.get(key)
    if (state === undefined) {
      if (this.#states.size >= MAX_KEY_STATES && hasRequests()) this.#forgetFirst()
      state = { callers: 0, loads: [], settled: undefined }
      this.#states.set(key, state)
    }
    state.callers += 1
    return state
  }

  leave(key: string, state: KeyState<T>): void {
    state.callers -= 1
    this.#forgetIfIdle(key, state)
  }

  /** The load to join: one that is under way, or that has ended since `settled` was the last that had. */
  joinable(state: KeyState<T>, settled: InFlight<T> | undefined): InFlight<T> | undefined {
    for (const inFlight of state.loads) if (inFlight.isJoinable) return inFlight
    return state.settled === settled || state.settled?.isJoinable !== true ? undefined : state.settled
  }

  /** Starts a load that later callers of the key join. `load` learns from its inFlight whether it was superseded. */
  start(key: string, state: KeyState<T>, load: (inFlight: InFlight<T>) => Promise<T>): InFlight<T> {
    const inFlight = new InFlight<T>(requestScope())
    // Forgotten: no change could tell it any more that it is superseded.
    if (this.#states.get(key) !== state) inFlight.superseded = true
    // Before the load begins: what its loader does at once may supersede it already.
    state.loads = [...state.loads, inFlight]
    inFlight.run(load, () => {
      remove(state, inFlight)
      if (!inFlight.superseded) state.settled = inFlight
      this.#forgetIfIdle(key, state)
    })
    return inFlight
  }

  /** Runs a load that ends at once, and that nobody can join. */
  runSync<R>(key: string, load: (inFlight: InFlight<T>) => R): R {
    const state = this.enter(key)
    const inFlight = new InFlight<T>()
    state.loads = [...state.loads, inFlight]
    try {
      return load(inFlight)
    } finally {
      remove(state, inFlight)
      this.leave(key, state)
    }
  }

  /** To be called before changes that take time; `undefined` if they concern no load. */
  begin(changes: readonly Change[], now: number): PendingChanges<T> | undefined {
    if (this.#states.size === 0) return undefined
    const pending = new PendingChanges<T>(changes.some(({ op }) => operationOf(op).mayRemove(op, now)))
    for (const [index, change] of changes.entries()) {
      for (const key of keysOf(change)) pending.concern(this.#states.get(key), change.op, index)
    }
    return pending
  }

  /** To be called before every key that begins with `scope` is cleared. */
  beginClear(scope: string): PendingChanges<T> | undefined {
    if (this.#states.size === 0) return undefined
    const pending = new PendingChanges<T>(true)
    for (const [key, state] of this.#states) if (key.startsWith(scope)) pending.concern(state, CLEAR, 0)
    return pending
  }

  /** The states of cancelled requests are never left: they must not stay for ever. */
  #forgetFirst(): void {
    for (const [key, state] of this.#states) {
      this.#states.delete(key)
      for (const inFlight of state.loads) inFlight.superseded = true
      return
    }
  }

  #forgetIfIdle(key: string, state: KeyState<T>): void {
    if (state.callers > 0 || state.loads.length > 0) return
    if (this.#states.get(key) === state) this.#states.delete(key)
  }
}

/** Of an isolate that serves requests: far more than are alive at once. */
const MAX_KEY_STATES = 10_000

/** A clear does to each key what `delete` does. */
const CLEAR: Op = { kind: 'delete' }

interface Concern<T> {
  readonly state: KeyState<T>
  readonly inFlight: InFlight<T>
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

  concern(state: KeyState<T> | undefined, op: Op, index: number): void {
    if (state === undefined) return
    const loads = state.settled === undefined ? state.loads : [...state.loads, state.settled]
    for (const inFlight of loads) {
      this.scope ??= requestScope()
      inFlight.addPending(this)
      this.#concerns.push({ state, inFlight, op, index })
      // No need to wait for the outcome: who comes later must not join the load.
      if (operationOf(op).isUnconditional) supersede(state, inFlight)
    }
  }

  /** To be called with the outcomes, without them if the changes failed. */
  end(outcomes?: readonly (Outcome | undefined)[]): void {
    for (const { state, inFlight, op, index } of this.#concerns) {
      inFlight.removePending(this)
      if (hasSuperseded(op, outcomes?.[index])) supersede(state, inFlight)
    }
    this.#resolve()
  }
}

/** A change that failed has no outcome: it may have been made, and counts as made. */
function hasSuperseded(op: Op, outcome: Outcome | undefined): boolean {
  return operationOf(op).isUnconditional || outcome?.ok !== false
}

function supersede<T>(state: KeyState<T>, inFlight: InFlight<T>): void {
  inFlight.superseded = true
  remove(state, inFlight)
  if (state.settled === inFlight) state.settled = undefined
}

function remove<T>(state: KeyState<T>, inFlight: InFlight<T>): void {
  state.loads = state.loads.filter((other) => other !== inFlight)
}

/** Shared by all caches on one adapter, so that the changes of each supersede the other's loads. */
const loadsByAdapter = new WeakMap<Adapter, InFlightLoads<unknown>>()

export function loadsOf(adapter: Adapter): InFlightLoads<unknown> {
  let loads = loadsByAdapter.get(adapter)
  if (loads === undefined) {
    loads = new InFlightLoads()
    loadsByAdapter.set(adapter, loads)
  }
  return loads
}

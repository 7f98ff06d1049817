import type { Adapter, Change, Op, Outcome } from './adapter.ts'
import type { LoadResult } from './load-result.ts'
import { keysOf, operationOf } from './operations.ts'
import { hasRequests, type RequestScope, requestScope } from './request-scope.ts'
import { Waiters } from './waiters.ts'

/** A load in flight. */
export class InFlight<T> {
  /** True once a change of the key has superseded the load. Its result must not be stored. */
  superseded = false
  /** True once any tag was invalidated: later callers must not join, since the loaded value may have the tag. */
  #isClosed = false
  /** The token with which it claims, or wants to. */
  requestedToken: number | undefined
  /** Stored tags that were invalidated since the load began. Its result is not stored if it has one of them. */
  readonly invalidatedTags: Set<string> = new Set()
  /** The token of its claim. `undefined` before it is granted, and without claims. */
  token: number | undefined
  /** The last caller, by {@link InFlightLoads.entered}, that came before the loader began. */
  begunAfter: number = Number.POSITIVE_INFINITY
  /** The last caller that came before the claim was ended; `undefined` before that. */
  endedAfter: number | undefined
  /**
   * True if another process may have changed the key before the result was stored or read. Callers that came
   * after `begunAfter` must not use it, unless they have seen the claim.
   */
  isOutdated = false
  /** The request in which other callers can wait for the load; `undefined` if none can. */
  readonly #scope: RequestScope | undefined
  /** Changes of the key that began after the load and have no outcome yet. Created with the first. */
  #changes: Set<PendingChanges<T>> | undefined
  #result: Promise<T> | undefined
  #waiters: Waiters<T> | undefined

  constructor(scope?: RequestScope) {
    this.#scope = scope
  }

  /**
   * True if the current caller can wait for the load. Callers of another request cannot: the load may end
   * with its own request. Sync loads cannot be joined.
   */
  get isJoinable(): boolean {
    return !this.#isClosed && this.#scope?.isCurrent() === true
  }

  invalidateTags(tags: readonly string[]): void {
    this.#isClosed = true
    for (const tag of tags) this.invalidatedTags.add(tag)
  }

  /** The number of waiting callers that can still abort. */
  get waiting(): number {
    return this.#waiters?.size ?? 0
  }

  /** Runs the load. `ended` is called before any waiting caller gets the result. */
  run(load: (inFlight: InFlight<T>) => Promise<T>, ended: () => void): void {
    this.#result = load(this).finally(() => {
      this.#waiters?.close()
      ended()
    })
    // Waiting callers get the failure. If all of them aborted, it must not become an unhandled rejection.
    this.#result.catch(() => {})
  }

  /** Waits for the result, or until `signal` aborts. */
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
   * Resolves when the outcomes of the pending changes are known; `undefined` if there are none. With
   * `removalsOnly`, waits only for changes that may remove the key. Ignores changes of other requests, which
   * may have been cancelled and then never end.
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

/** The shared state of one key while a caller reads it or a load is in flight. */
export interface KeyState<T> {
  /** The number of callers that are reading and have found neither a value nor a load yet. */
  callers: number
  /** The loads that are not superseded. The array is replaced, never changed in place. */
  loads: readonly InFlight<T>[]
  /**
   * The last load that ended without being superseded. It answers callers that were already here and read too
   * early.
   */
  settled: InFlight<T> | undefined
  /** The token with which the callers that are reading claim the load. The load that is started takes it over. */
  token: number | undefined
}

/**
 * Single flight: one load at a time per key within this process, for all caches that share an adapter. Also
 * tracks which loads a change has superseded.
 */
export class InFlightLoads<T> {
  readonly #states = new Map<string, KeyState<T>>()
  /** How many callers have entered. Tells whether a caller or a load came first. */
  entered = 0

  /** If 0, no load is in flight and changes need not be tracked. */
  get size(): number {
    return this.#states.size
  }

  enter(key: string): KeyState<T> {
    let state = this.#states.get(key)
    if (state === undefined) {
      if (this.#states.size >= MAX_KEY_STATES && hasRequests()) this.#dropOldest()
      state = { callers: 0, loads: [], settled: undefined, token: undefined }
      this.#states.set(key, state)
    }
    state.callers += 1
    this.entered += 1
    return state
  }

  leave(key: string, state: KeyState<T>): void {
    state.callers -= 1
    this.#dropIfIdle(key, state)
  }

  /** Returns the load to join: one in flight, or one that ended after `settled` did, that the caller accepts. */
  joinable(
    state: KeyState<T>,
    settled: InFlight<T> | undefined,
    accepts: (inFlight: InFlight<T>) => boolean,
  ): InFlight<T> | undefined {
    for (const inFlight of state.loads) if (inFlight.isJoinable && accepts(inFlight)) return inFlight
    const ended = state.settled
    return ended !== undefined && ended !== settled && ended.isJoinable && accepts(ended) ? ended : undefined
  }

  /**
   * Starts a load that later callers of the key join. `load` gets its own InFlight, to see whether it was
   * superseded.
   */
  start(key: string, state: KeyState<T>, load: (inFlight: InFlight<T>) => Promise<T>): InFlight<T> {
    const inFlight = new InFlight<T>(requestScope())
    // The state was dropped, so no change could mark this load as superseded.
    if (this.#states.get(key) !== state) inFlight.superseded = true
    // Register it first: the loader may supersede it synchronously.
    state.loads = [...state.loads, inFlight]
    inFlight.run(load, () => {
      remove(state, inFlight)
      if (!inFlight.superseded) state.settled = inFlight
      this.#dropIfIdle(key, state)
    })
    return inFlight
  }

  /** Runs a synchronous load, which nobody can join. */
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

  /** Must be called before async changes. Returns `undefined` if no load is in flight. */
  begin(changes: readonly Change[], now: number): PendingChanges<T> | undefined {
    if (this.#states.size === 0) return undefined
    const pending = new PendingChanges<T>(changes.some(({ op }) => operationOf(op).mayRemove(op, now)))
    for (const [index, change] of changes.entries()) {
      for (const key of keysOf(change)) pending.addKey(this.#states.get(key), change.op, index)
    }
    return pending
  }

  /** Must be called before every key that starts with `scope` is cleared. */
  beginClear(scope: string): PendingChanges<T> | undefined {
    if (this.#states.size === 0) return undefined
    const pending = new PendingChanges<T>(true)
    for (const [key, state] of this.#states) if (key.startsWith(scope)) pending.addKey(state, CLEAR, 0)
    return pending
  }

  /** Must be called when a load turns out to be superseded by another process. */
  supersede(state: KeyState<T>, inFlight: InFlight<T>): void {
    supersede(state, inFlight)
  }

  /** Must be called when tags are invalidated. */
  invalidateTags(tags: readonly string[]): void {
    for (const state of this.#states.values()) {
      for (const inFlight of state.loads) inFlight.invalidateTags(tags)
      state.settled?.invalidateTags(tags)
    }
  }

  /** Cancelled requests never leave their states, so the oldest state is dropped. */
  #dropOldest(): void {
    for (const [key, state] of this.#states) {
      this.#states.delete(key)
      for (const inFlight of state.loads) inFlight.superseded = true
      return
    }
  }

  #dropIfIdle(key: string, state: KeyState<T>): void {
    if (state.callers > 0 || state.loads.length > 0) return
    if (this.#states.get(key) === state) this.#states.delete(key)
  }
}

/** In an isolate that serves requests. Far more than are in use at once. */
const MAX_KEY_STATES = 10_000

/** A clear has the same effect on each key as `delete`. */
const CLEAR: Op = { kind: 'delete' }

interface AffectedLoad<T> {
  readonly state: KeyState<T>
  readonly inFlight: InFlight<T>
  readonly op: Op
  readonly index: number
}

/** Changes without outcomes yet, and the loads of their keys that began before them. */
export class PendingChanges<T> {
  readonly mayRemoveKey: boolean
  /** The request that made the changes, if they affect a load. */
  scope: RequestScope | undefined
  readonly ended: Promise<void>
  #resolve: () => void = () => {}
  readonly #affected: AffectedLoad<T>[] = []

  constructor(mayRemoveKey: boolean) {
    this.mayRemoveKey = mayRemoveKey
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  addKey(state: KeyState<T> | undefined, op: Op, index: number): void {
    if (state === undefined) return
    const loads = state.settled === undefined ? state.loads : [...state.loads, state.settled]
    for (const inFlight of loads) {
      this.scope ??= requestScope()
      inFlight.addPending(this)
      this.#affected.push({ state, inFlight, op, index })
      // The outcome does not matter: later callers must not join the load.
      if (operationOf(op).isUnconditional) supersede(state, inFlight)
    }
  }

  /** Must be called with the outcomes, or without them if the changes failed. */
  end(outcomes?: readonly (Outcome | undefined)[]): void {
    for (const { state, inFlight, op, index } of this.#affected) {
      inFlight.removePending(this)
      if (hasSuperseded(op, outcomes?.[index])) supersede(state, inFlight)
    }
    this.#resolve()
  }
}

/** A failed change has no outcome. It may have been made, so it counts as made. */
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

/** All caches on one adapter share this, so that changes through one supersede loads of the others. */
const loadsByAdapter = new WeakMap<Adapter, InFlightLoads<LoadResult>>()

export function loadsOf(adapter: Adapter): InFlightLoads<LoadResult> {
  let loads = loadsByAdapter.get(adapter)
  if (loads === undefined) {
    loads = new InFlightLoads()
    loadsByAdapter.set(adapter, loads)
  }
  return loads
}

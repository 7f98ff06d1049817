import type { Adapter, Change, Entry, Outcome } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { Deadlines } from './deadline.ts'
import { isCacheError } from './errors.ts'
import { type InFlightLoads, loadsOf, type PendingChanges } from './in-flight.ts'
import { isLive } from './operations.ts'
import type { ResolvedOptions } from './options.ts'
import { adapterFailed } from './outcomes.ts'
import type { ChangePlan, CommitPlan, ReadPlan } from './plans.ts'

/** Runs the plans of an async cache. If a plan cannot be made, the call rejects. */
export interface Store {
  readonly loads: InFlightLoads<unknown>
  read<R>(makePlan: () => ReadPlan<R>): Promise<R>
  change<R>(makePlan: () => ChangePlan<R>): Promise<R>
  commit<R>(makePlan: () => CommitPlan<R>): Promise<R>
  /** Stores a loaded value. This supersedes no load. */
  commitLoaded(method: string, change: Change, now: number): Promise<Outcome | undefined>
  clear(): Promise<void>
  close(): Promise<void>
}

/**
 * Runs plans on an adapter. Expired entries count as missing, failures become `CacheError`s, waiting times
 * are limited, and loads are told of changes.
 */
export class AdapterStore implements Store {
  readonly loads: InFlightLoads<unknown>
  readonly #adapter: Adapter
  readonly #context: CallContext
  /** If `undefined`, waiting times are not limited. */
  readonly #deadlines: Deadlines | undefined

  constructor(context: CallContext) {
    this.#context = context
    this.#adapter = context.adapter
    this.loads = loadsOf(context.adapter)
    const { operationTimeout } = context.options
    if (operationTimeout !== null && operationTimeout !== Number.POSITIVE_INFINITY)
      this.#deadlines = new Deadlines(operationTimeout * 1000)
  }

  async read<R>(makePlan: () => ReadPlan<R>): Promise<R> {
    const plan = makePlan()
    const { method, keys, now, wanted, fresh = false } = plan
    if (keys.length === 0) return plan.finish([])
    let entries: readonly (Entry | undefined)[]
    try {
      entries = await this.#bounded(this.#adapter.read(keys, now, wanted, fresh))
    } catch (cause) {
      missOnOutage(adapterFailed(this.#adapter, method, cause), this.#context.options.onError)
      entries = keys.map(() => undefined)
    }
    return plan.finish(entries.map((entry) => liveOrNone(entry, now)))
  }

  async change<R>(makePlan: () => ChangePlan<R>): Promise<R> {
    const plan = makePlan()
    const { method, key, version, op, now } = plan
    const change = { key: this.#context.keyspace.storedKey(key, version, method), op }
    return plan.finish((await this.#commit(method, [change], now))[0])
  }

  async commit<R>(makePlan: () => CommitPlan<R>): Promise<R> {
    const plan = makePlan()
    const { method, changes, now } = plan
    return plan.finish(changes.length === 0 ? [] : await this.#commit(method, changes, now))
  }

  async commitLoaded(method: string, change: Change, now: number): Promise<Outcome | undefined> {
    return (await this.#send(method, [change], now))[0]
  }

  async clear(): Promise<void> {
    const { scope } = this.#context.keyspace
    const pending = this.loads.beginClear(scope)
    try {
      await this.#bounded(this.#adapter.clear(scope), MAY_STILL_HAPPEN)
    } catch (cause) {
      throw adapterFailed(this.#adapter, 'aclear', cause)
    } finally {
      pending?.end()
    }
  }

  async close(): Promise<void> {
    try {
      await this.#bounded(this.#adapter.close(), MAY_STILL_HAPPEN)
    } catch (cause) {
      throw adapterFailed(this.#adapter, 'aclose', cause)
    }
  }

  /** Loads of the same keys that are in flight are superseded according to the outcomes. */
  #commit(method: string, changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    return this.#send(method, changes, now, this.loads.begin(changes, now))
  }

  async #send(
    method: string,
    changes: readonly Change[],
    now: number,
    pending?: PendingChanges<unknown>,
  ): Promise<readonly Outcome[]> {
    let outcomes: readonly Outcome[] | undefined
    try {
      outcomes = await this.#bounded(this.#adapter.commit(changes, now), MAY_STILL_HAPPEN)
      return outcomes
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    } finally {
      pending?.end(outcomes)
    }
  }

  /** The adapter runs first, so that a failure to set the timer does not hide its own error. */
  #bounded<T>(answer: Promise<T>, suffix = ''): Promise<T> {
    if (this.#deadlines === undefined) return answer
    const { operationTimeout } = this.#context.options
    return this.#deadlines.wait(
      answer,
      () => new DOMException(`no answer within ${operationTimeout} s${suffix}`, 'TimeoutError'),
    )
  }
}

const MAY_STILL_HAPPEN = '; it may still happen'

/** Returns `undefined` for an expired entry. */
export function liveOrNone(entry: Entry | undefined, now: number): Entry | undefined {
  return isLive(entry, now) ? entry : undefined
}

/** Throws the error, unless it is an outage and the cache's `onError` returns `'miss'`. */
export function missOnOutage(error: unknown, onError: ResolvedOptions['onError']): void {
  const isOutage = isCacheError(error, 'ADAPTER_FAILED') || isCacheError(error, 'QUOTA_EXCEEDED')
  if (!isOutage || onError(error) !== 'miss') throw error
}

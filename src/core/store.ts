import type { Adapter, Change, ClaimReply, ClaimRequest, Entry, Outcome } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { Deadlines } from './deadline.ts'
import { isCacheError, noListing, noTags } from './errors.ts'
import { type InFlightLoads, loadsOf, type PendingChanges } from './in-flight.ts'
import type { LoadResult } from './load-result.ts'
import { isLive } from './operations.ts'
import type { ResolvedOptions } from './options.ts'
import { adapterFailed } from './outcomes.ts'
import type { ChangePlan, CommitPlan, ListCall, ReadPlan, TagsCall } from './plans.ts'
import { type Subscribers, subscribersOf } from './subscribers.ts'

/** Runs the plans of an async cache. If a plan cannot be made, the call rejects. */
export interface Store {
  readonly loads: InFlightLoads<LoadResult>
  read<R>(makePlan: () => ReadPlan<R>): Promise<R>
  change<R>(makePlan: () => ChangePlan<R>): Promise<R>
  commit<R>(makePlan: () => CommitPlan<R>): Promise<R>
  /** Makes a change on behalf of a load. This supersedes no load. */
  commitLoaded(method: string, change: Change, now: number): Promise<Outcome | undefined>
  /** Claims a load; `undefined` if loads run one at a time in this process only. */
  readonly claim:
    | ((method: string, key: string, now: number, request: ClaimRequest) => Promise<ClaimReply>)
    | undefined
  deleteTags(makeCall: () => TagsCall): Promise<void>
  /** Lists stored keys in portions. */
  listKeys(call: ListCall): AsyncIterable<readonly string[]>
  clear(): Promise<void>
  close(): Promise<void>
}

/**
 * Runs plans on an adapter. Expired entries count as missing, failures become `CacheError`s, waiting times
 * are limited, and loads are told of changes.
 */
export class AdapterStore implements Store {
  readonly loads: InFlightLoads<LoadResult>
  readonly claim: Store['claim']
  readonly #adapter: Adapter
  readonly #subscribers: Subscribers
  readonly #context: CallContext
  /** If `undefined`, waiting times are not limited. */
  readonly #deadlines: Deadlines | undefined

  constructor(context: CallContext) {
    this.#context = context
    this.#adapter = context.adapter
    this.loads = loadsOf(context.adapter)
    this.#subscribers = subscribersOf(context.adapter)
    if (context.adapter.claim !== undefined) {
      // A claim may wait for the load of another process, so `operationTimeout` does not apply.
      this.claim = async (method, key, now, request) => {
        try {
          return (await context.adapter.claim?.(key, now, request)) as ClaimReply
        } catch (cause) {
          throw adapterFailed(context.adapter, method, cause)
        }
      }
    }
    const { operationTimeout } = context.options
    if (operationTimeout !== null && operationTimeout !== Number.POSITIVE_INFINITY)
      this.#deadlines = new Deadlines(operationTimeout * 1000)
  }

  async read<R>(makePlan: () => ReadPlan<R>): Promise<R> {
    const plan = makePlan()
    const { method, keys, now, wanted, fresh = false, claim } = plan
    if (keys.length === 0) return plan.finish([])
    let entries: readonly (Entry | undefined)[]
    try {
      entries = await this.#bounded(this.#adapter.read(keys, now, wanted, fresh, claim))
    } catch (cause) {
      missOnOutage(adapterFailed(this.#adapter, method, cause), this.#context.options.onError)
      if (plan.missed !== undefined) return plan.missed()
      entries = keys.map(() => undefined)
    }
    return plan.finish(plan.isStaleWanted ? entries : entries.map((entry) => liveOrNone(entry, now)))
  }

  async change<R>(makePlan: () => ChangePlan<R>): Promise<R> {
    const plan = makePlan()
    const { method, key, version, op, now } = plan
    const change: Change = { key: this.#context.keyspace.storedKey(key, version, method), op }
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
      this.#subscribers.tell({ kind: 'cleared', scope })
    } catch (cause) {
      throw adapterFailed(this.#adapter, 'aclear', cause)
    } finally {
      pending?.end()
    }
  }

  async deleteTags(makeCall: () => TagsCall): Promise<void> {
    const { method, tags, invalidation, now } = makeCall()
    if (tags.length === 0) return
    if (this.#adapter.deleteTags === undefined) throw noTags(this.#adapter, method)
    // Before, for callers who must not join; after, for loads that began while the adapter had not done it yet.
    this.loads.invalidateTags(tags)
    try {
      await this.#bounded(this.#adapter.deleteTags(tags, now, invalidation), MAY_STILL_HAPPEN)
      this.#subscribers.tell({ kind: 'invalidated', tags })
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    } finally {
      this.loads.invalidateTags(tags)
    }
  }

  async *listKeys({ method, scope }: ListCall): AsyncGenerator<readonly string[], void, undefined> {
    const portions = listedBy(this.#adapter, method, scope, this.#context.now())
    try {
      for (;;) {
        const next = await this.#bounded(portions.next())
        if (next.done === true) return
        yield next.value
      }
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    } finally {
      // Not awaited: if the adapter hangs, this does as well.
      portions.return?.().then(undefined, () => {})
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
    pending?: PendingChanges<LoadResult>,
  ): Promise<readonly Outcome[]> {
    let outcomes: readonly Outcome[] | undefined
    try {
      outcomes = await this.#bounded(this.#adapter.commit(changes, now), MAY_STILL_HAPPEN)
      this.#subscribers.committed(changes, outcomes)
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

/** @throws {CacheError} `UNSUPPORTED` if the adapter cannot list keys. */
function listedBy(
  adapter: Adapter,
  method: string,
  scope: string,
  now: number,
): AsyncIterator<readonly string[]> {
  if (adapter.listKeys === undefined) throw noListing(method, `the ${adapter.name} adapter cannot list keys`)
  return adapter.listKeys(scope, now)[Symbol.asyncIterator]()
}

/** Returns `undefined` for an expired entry. */
export function liveOrNone(entry: Entry | undefined, now: number): Entry | undefined {
  return isLive(entry, now) ? entry : undefined
}

/** Throws the error, unless it is an outage and the cache's `onError` returns `'miss'`. */
export function missOnOutage(error: unknown, onError: ResolvedOptions['onError']): void {
  const isOutage = isCacheError(error, 'ADAPTER_FAILED') || isCacheError(error, 'QUOTA_EXCEEDED')
  if (!isOutage || onError(error) !== 'miss') throw error
}

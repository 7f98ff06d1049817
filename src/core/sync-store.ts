import type { Adapter, Bucket, Change, Entry, Op, Outcome, SyncStorage } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { noListing, noTags } from './errors.ts'
import { type InFlightLoads, loadsOf } from './in-flight.ts'
import { type Keyspace, prefixOf, type Version } from './keys.ts'
import type { LoadResult } from './load-result.ts'
import { adapterFailed } from './outcomes.ts'
import type { ChangePlan, CommitPlan, ListCall, ReadPlan, TagsCall } from './plans.ts'
import { liveOrNone, missOnOutage, type Store } from './store.ts'
import { type Subscribers, subscribersOf } from './subscribers.ts'

type SyncStoreAdapter = Adapter & SyncStorage

/**
 * Runs plans synchronously. A single entry is found in its bucket by the caller's own key: building the
 * stored key for each call would cost more than everything else.
 */
export class SyncStore {
  readonly loads: InFlightLoads<LoadResult>
  readonly #adapter: SyncStoreAdapter
  readonly #subscribers: Subscribers
  readonly #context: CallContext
  readonly #keyspace: Keyspace
  /**
   * The bucket of the cache's own version. `undefined` with a custom key function, or if the adapter has no
   * buckets.
   */
  readonly #bucket: Bucket | undefined

  constructor(context: CallContext, adapter: SyncStoreAdapter) {
    this.#context = context
    this.#adapter = adapter
    this.#keyspace = context.keyspace
    this.loads = loadsOf(adapter)
    this.#subscribers = subscribersOf(adapter)
    this.#bucket = this.#keyspace.hasPrefixes ? adapter.bucket?.(this.#keyspace.prefix(undefined)) : undefined
  }

  read<R>(plan: ReadPlan<R>): R {
    const { method, keys, now, wanted } = plan
    let entries: readonly (Entry | undefined)[]
    try {
      entries = this.#adapter.readSync(keys, now, wanted)
    } catch (cause) {
      missOnOutage(adapterFailed(this.#adapter, method, cause), this.#context.options.onError)
      if (plan.missed !== undefined) return plan.missed()
      entries = keys.map(() => undefined)
    }
    return plan.finish(plan.isStaleWanted ? entries : entries.map((entry) => liveOrNone(entry, now)))
  }

  change<R>(plan: ChangePlan<R>): R {
    const { method, key, version, op, now } = plan
    if (this.#isUnobserved) return plan.finish(this.#changeOne(method, key, version, op, now))
    const storedKey = this.#keyspace.storedKey(key, version, method)
    return plan.finish(this.#commit(method, [{ key: storedKey, op }], now)[0])
  }

  commit<R>(plan: CommitPlan<R>): R {
    return plan.finish(this.#commit(plan.method, plan.changes, plan.now))
  }

  /** Stores a loaded value. This supersedes no load. */
  commitLoaded(method: string, change: Change, now: number): Outcome | undefined {
    return this.#send(method, [change], now)[0]
  }

  clear(method: string): void {
    const { scope } = this.#keyspace
    try {
      this.#adapter.clearSync(scope)
      this.#subscribers.tell({ kind: 'cleared', scope })
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    } finally {
      this.loads.beginClear(scope)?.end()
    }
  }

  deleteTags({ method, tags, invalidation, now }: TagsCall): void {
    if (tags.length === 0) return
    if (this.#adapter.deleteTagsSync === undefined) throw noTags(this.#adapter, method)
    try {
      this.#adapter.deleteTagsSync(tags, now, invalidation)
      this.#subscribers.tell({ kind: 'invalidated', tags })
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    } finally {
      this.loads.invalidateTags(tags)
    }
  }

  listKeys({ method, scope }: ListCall): readonly string[] {
    if (this.#adapter.listKeysSync === undefined)
      throw noListing(method, `the ${this.#adapter.name} adapter cannot list keys`)
    try {
      return this.#adapter.listKeysSync(scope, this.#context.now())
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    }
  }

  /** True if no load is in flight and nobody is told of changes. */
  get #isUnobserved(): boolean {
    return this.loads.size === 0 && this.#subscribers.size === 0
  }

  /** A fast path of the `get` plan. Returns the value of a live key, or `undefined`. */
  value(method: string, key: string, version: Version | undefined): unknown {
    const bucket = this.#bucketOf(version)
    if (bucket === undefined) {
      const keys = [this.#keyspace.storedKey(key, version, method)]
      const now = this.#context.now()
      return this.read({ method, keys, now, wanted: 'value', finish: ([entry]) => entry?.value })
    }
    if (!bucket.hasSafe(key)) this.#keyspace.check(key, version, method)
    try {
      return bucket.read(key, this.#context.now)
    } catch (cause) {
      return missOnOutage(adapterFailed(this.#adapter, method, cause), this.#context.options.onError)
    }
  }

  /** A fast path of the `incr` plan. Returns `undefined` if it did nothing. */
  tryIncr(key: string, delta: number): number | undefined {
    return this.#isUnobserved ? this.#bucket?.tryIncr(key, delta, this.#context.now) : undefined
  }

  /** A fast path of the `set` plan. Returns `false` if it did nothing. */
  trySet(key: string, value: unknown, expiresAt: number | null): boolean {
    return this.#isUnobserved && this.#bucket?.trySet(key, value, expiresAt) === true
  }

  #changeOne(
    method: string,
    key: string,
    version: Version | undefined,
    op: Op,
    now: number,
  ): Outcome | undefined {
    let bucket = this.#bucketOf(version)
    if (bucket?.hasSafe(key) === false) {
      if (version === undefined) this.#keyspace.check(key, version, method)
      // A warning listener may have written. Then an empty bucket may no longer be the one in use.
      else bucket = this.#adapter.bucket?.(prefixOf(this.#keyspace.storedKey(key, version, method)))
    }
    if (bucket === undefined) {
      return this.#send(method, [{ key: this.#keyspace.storedKey(key, version, method), op }], now)[0]
    }
    try {
      return bucket.commit(key, op, now)
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    }
  }

  #commit(method: string, changes: readonly Change[], now: number): readonly Outcome[] {
    let outcomes: readonly Outcome[] | undefined
    try {
      outcomes = this.#send(method, changes, now)
      return outcomes
    } finally {
      this.loads.begin(changes, now)?.end(outcomes)
    }
  }

  #send(method: string, changes: readonly Change[], now: number): readonly Outcome[] {
    try {
      const outcomes = this.#adapter.commitSync(changes, now)
      this.#subscribers.committed(changes, outcomes)
      return outcomes
    } catch (cause) {
      throw adapterFailed(this.#adapter, method, cause)
    }
  }

  async close(): Promise<void> {
    try {
      await this.#adapter.close()
    } catch (cause) {
      throw adapterFailed(this.#adapter, 'aclose', cause)
    }
  }

  #bucketOf(version: Version | undefined): Bucket | undefined {
    if (version === undefined || this.#bucket === undefined) return this.#bucket
    return this.#adapter.bucket?.(this.#keyspace.prefix(version))
  }
}

/** Runs a {@link SyncStore} for the async methods. */
export class PromisedStore implements Store {
  /** Another process cannot see the entries. */
  readonly claim = undefined
  readonly loads: InFlightLoads<LoadResult>
  readonly #store: SyncStore

  constructor(store: SyncStore) {
    this.#store = store
    this.loads = store.loads
  }

  async read<R>(makePlan: () => ReadPlan<R>): Promise<R> {
    return this.#store.read(makePlan())
  }

  async change<R>(makePlan: () => ChangePlan<R>): Promise<R> {
    return this.#store.change(makePlan())
  }

  async commit<R>(makePlan: () => CommitPlan<R>): Promise<R> {
    return this.#store.commit(makePlan())
  }

  async commitLoaded(method: string, change: Change, now: number): Promise<Outcome | undefined> {
    return this.#store.commitLoaded(method, change, now)
  }

  async deleteTags(makeCall: () => TagsCall): Promise<void> {
    this.#store.deleteTags(makeCall())
  }

  async *listKeys(call: ListCall): AsyncGenerator<readonly string[], void, undefined> {
    yield this.#store.listKeys(call)
  }

  async clear(): Promise<void> {
    this.#store.clear('aclear')
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

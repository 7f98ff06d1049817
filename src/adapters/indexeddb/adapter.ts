import type {
  Change,
  ClaimReply,
  ClaimRequest,
  Entry,
  Invalidation,
  Outcome,
  StoreChange,
  Supports,
  Wanted,
} from '../../core/adapter.ts'
import { Batcher } from '../../core/batcher.ts'
import { describeType } from '../../core/expiry.ts'
import { isLive } from '../../core/operations.ts'
import { checkBag } from '../../core/options.ts'
import { adapterFailed } from '../../core/outcomes.ts'
import type { Announcements } from './announcements.ts'
import { Connection } from './connection.ts'
import { EntryStore, keyRange } from './entry-store.ts'
import type { EvictionPolicy } from './eviction-policy.ts'
import { checkFunction, type Report, reporter } from './faults.ts'
import { IdleSweep } from './idle-sweep.ts'
import { LoadClaims } from './load-claims.ts'
import type { IndexedDBAdapter, IndexedDBAdapterOptions, PlaceInUse } from './options.ts'
import { WriteQueue } from './write-queue.ts'

/**
 * Stores entries in the browser's IndexedDB. All tabs and workers of the origin share them, and they are still there after a
 * reload.
 *
 * Calls of one turn of the event loop share transactions. Each commit is one readwrite transaction, so `aadd` and `aincr` are
 * atomic across tabs. A write is acknowledged when its transaction is complete. A write that fails has stored nothing.
 *
 * When the origin's storage is full, a write removes the expired entries and tries again. If there is still no space it fails
 * with `QUOTA_EXCEEDED`, unless `limits` evicts entries.
 *
 * @throws {TypeError | RangeError} For an invalid option.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { indexedDBAdapter } from 'nearcache/indexeddb'
 *
 * const cache = createCache({ adapter: indexedDBAdapter({ name: 'app' }) })
 * await cache.aset('answer', 42)
 * await cache.aincr('answer') // 43, in every tab
 * ```
 */
export function indexedDBAdapter(options: IndexedDBAdapterOptions): IndexedDBAdapter {
  checkBag(options, KNOWN, 'indexedDBAdapter')
  const { name, openTimeout = 10, limits, announcements, whenIdle } = options
  if (typeof name !== 'string' || name === '')
    throw new TypeError("indexedDBAdapter needs the name of a database: { name: 'app' }")
  if (typeof openTimeout !== 'number' || !(openTimeout > 0))
    throw new RangeError(`openTimeout must be more than 0 seconds: got ${String(openTimeout)}`)
  if (limits !== undefined && typeof limits !== 'function')
    throw new TypeError(`limits must be lruLimits(…): got ${describeType(limits)}`)
  if (announcements !== undefined && typeof announcements?.attach !== 'function')
    throw new TypeError(`announcements must be announcements(): got ${describeType(announcements)}`)
  checkFunction('whenIdle', whenIdle)
  return new DatabaseAdapter(options, openTimeout, reporter(options.onFault))
}

const KNOWN = ['name', 'durability', 'openTimeout', 'limits', 'announcements', 'whenIdle', 'onFault']

class DatabaseAdapter implements IndexedDBAdapter {
  readonly name = 'indexeddb'
  readonly supports: Supports = SUPPORTS
  readonly readsClaims = true
  readonly announcements: Announcements | undefined
  readonly #connection: Connection
  readonly #limits: EvictionPolicy | undefined
  readonly #store: EntryStore
  readonly #queue: WriteQueue
  readonly #batcher: Batcher
  readonly #idleSweep: IdleSweep
  readonly #claims: LoadClaims
  readonly #report: Report
  /** The calls that are running, of those since the last `close`. */
  #calls = new Set<Promise<unknown>>()
  #closing: Promise<unknown> | undefined
  /** The time of the last call. */
  #now: number | undefined

  constructor(options: IndexedDBAdapterOptions, openTimeout: number, report: Report) {
    const { name, durability = 'relaxed' } = options
    this.announcements = options.announcements
    this.announcements?.attach(name, report)
    this.#connection = new Connection({ name, durability, openTimeout })
    this.#limits = options.limits?.()
    this.#store = new EntryStore(this.#connection, this.#limits)
    this.#queue = new WriteQueue(this.#store)
    this.#batcher = new Batcher(this.#queue)
    this.#claims = new LoadClaims(name, this, report)
    this.#report = report
    const sweep = async (): Promise<void> => {
      // If another tab has deleted the database, a sweep would create it again.
      if (this.#connection.isOpen) await this.sweep()
    }
    this.#idleSweep = new IdleSweep(sweep, options.whenIdle, report)
  }

  read(keys: readonly string[], now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    return this.#track(this.#read(keys, now, wanted))
  }

  async #read(keys: readonly string[], now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    const calls = this.#calls
    const entries = await this.#batcher.read({ keys, wanted })
    if (wanted === 'value') this.#limits?.noteReads(keys, entries, now)
    this.#used(now, calls)
    return entries
  }

  commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    return this.#track(this.#commit(changes, now))
  }

  async #commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    const calls = this.#calls
    const outcomes = await this.#batcher.commit({ changes, now })
    this.#used(now, calls)
    this.announcements?.committed(changes, outcomes)
    return outcomes
  }

  clear(scope: string): Promise<void> {
    // What was called before the clear comes before it.
    this.#batcher.start()
    const cleared = this.#queue.write((retrying) => this.#store.clear(scope, retrying))
    return this.#track(cleared.then(() => this.announcements?.cleared(scope)))
  }

  /** Not among the calls that `close` waits for: another tab may hold the lock for long. */
  claim(key: string, now: number, request: ClaimRequest): Promise<ClaimReply> {
    return this.#claims.claim(key, now, request)
  }

  deleteTags(tags: readonly string[], now: number, invalidation: Invalidation): Promise<void> {
    // What was called before comes before it.
    this.#batcher.start()
    const invalidated = this.#queue.write((retrying) =>
      this.#store.deleteTags(tags, now, invalidation, retrying),
    )
    return this.#track(invalidated.then(() => this.announcements?.invalidated(tags)))
  }

  async *listKeys(scope: string, now: number): AsyncGenerator<readonly string[], void, undefined> {
    for (let range = keyRange(scope); ; ) {
      // What was called before comes before it.
      this.#batcher.start()
      const keys = await this.#track(this.#queue.look(() => this.#store.keysIn(range, MAX_LISTED_KEYS)))
      const entries = await this.read(keys, now, 'presence')
      yield keys.filter((_, index) => isLive(entries[index], now))
      const last = keys.at(-1)
      if (last === undefined || keys.length < MAX_LISTED_KEYS) return
      range = keyRange(scope, last)
    }
  }

  get subscribe(): ((listener: (change: StoreChange) => void) => () => void) | undefined {
    const { announcements } = this
    return announcements && ((listener) => announcements.subscribe(listener))
  }

  ready(): Promise<PlaceInUse> {
    const opened = this.#connection.open().then(
      () => this,
      (cause: unknown) => {
        throw adapterFailed(this, 'Opening the database', cause)
      },
    )
    return this.#track(opened)
  }

  sweep(now: number = this.#now ?? Date.now()): Promise<number> {
    return this.#track(this.#sweep(now))
  }

  async #sweep(now: number): Promise<number> {
    let swept = 0
    // In portions, so that other calls can come between them.
    for (let portion = MAX_SWEEP_ENTRIES; portion === MAX_SWEEP_ENTRIES; swept += portion) {
      portion = await this.#queue.write((retrying) => this.#store.sweep(now, MAX_SWEEP_ENTRIES, retrying))
    }
    await this.#queue.write(() => this.#store.sweepOrphans())
    await this.#flush()
    return swept
  }

  async #flush(): Promise<void> {
    const limits = this.#limits
    if (limits?.isDirty) await this.#queue.write(() => limits.flush((work) => this.#store.run(work)))
  }

  async persist(): Promise<boolean> {
    try {
      // Missing in workers and outside secure contexts.
      const storage = globalThis.navigator?.storage as { persist?: () => Promise<boolean> } | undefined
      return (await storage?.persist?.()) ?? false
    } catch (error) {
      // In a sandboxed frame, for example, which has no storage.
      this.#report('The browser could not be asked to keep the storage', error)
      return false
    }
  }

  async close(): Promise<void> {
    const calls = this.#calls
    this.#calls = new Set()
    this.#idleSweep.cancel()
    this.#claims.stopWaiting()
    this.#closing = this.#close([...calls, this.#closing])
    await this.#closing
  }

  async #close(before: readonly unknown[]): Promise<void> {
    // Calls that are running may open the database again when they retry, so they end first.
    await Promise.allSettled(before)
    try {
      if (this.#connection.isOpen) await this.#flush()
    } catch (error) {
      this.#report('The access log could not be written', error)
    }
    await this.#connection.close()
  }

  #track<T>(call: Promise<T>): Promise<T> {
    const calls = this.#calls
    const end = () => calls.delete(call)
    calls.add(call)
    call.then(end, end)
    return call
  }

  /** Called after a call has succeeded: a database that does not open needs no sweep. */
  #used(now: number, calls: Set<Promise<unknown>>): void {
    this.#now = now
    if (calls === this.#calls) this.#idleSweep.arm()
  }
}

/** Entries in one transaction of a sweep. */
const MAX_SWEEP_ENTRIES = 1_000

/** Keys that are listed at a time. */
const MAX_LISTED_KEYS = 500

const SUPPORTS: Supports = {
  atomic: true,
  atomicBatch: true,
  readYourWrites: true,
  staleness: 0,
  sharedLoads: true,
  tags: true,
  listing: true,
  persistent: true,
  values: 'fresh',
  maxKeyBytes: null,
  maxValueBytes: null,
}

import type { Adapter, Change, Entry, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import { keysOf } from '../../core/batch.ts'
import { checkLimits } from '../../core/culling.ts'
import { checkBag } from '../../core/options.ts'
import { announce, type CacheChange, subscribe } from './announcements.ts'
import { Bounded } from './bounds.ts'
import { Connection } from './connection.ts'
import { Database } from './database.ts'
import { WithFallback } from './fallback.ts'
import { Unbounded } from './keeping.ts'
import { Notes } from './uses.ts'

export type { CacheChange } from './announcements.ts'

export interface IndexedDBAdapterOptions {
  /** The database. Tabs and workers of one origin that use the same name share its entries. */
  readonly name: string
  /**
   * `'relaxed'` (default): a write is acknowledged when the operating system has it. `'strict'`: when the disk has it.
   * https://w3c.github.io/IndexedDB/#transaction-durability-hint
   */
  readonly durability?: 'relaxed' | 'strict' | undefined
  /** At this many entries a write first makes room, by the same rule as in memory. Default `null`: as the quota allows. */
  readonly maxEntries?: number | null | undefined
  /** About how many bytes keys and values may take together, as estimated, before encoding. Default `null`. */
  readonly maxBytes?: number | null | undefined
  /** Making room drops one entry in `cullFrequency`, the least recently used; 0 drops all. Default 3, as Django's. */
  readonly cullFrequency?: number | undefined
  /** Seconds to wait for the database to open before a call fails. Default 10. */
  readonly openTimeout?: number | undefined
  /** Whether changes are announced to those who `subscribe`, here and in other tabs. Default `false`. */
  readonly announce?: boolean | undefined
  /**
   * What to use, for as long as this adapter lives, where there is no IndexedDB (some private modes, storage disabled): it
   * is told why, and gives another adapter. Without it every call fails.
   */
  readonly fallback?: ((reason: unknown) => Adapter) | undefined
  /** When to sweep: calls `work` once there is nothing better to do. Default: idle time, 5 s after use at the earliest. */
  readonly whenIdle?: ((work: () => void) => void) | undefined
}

/** What an IndexedDB adapter can do beside what every {@link Adapter} can. */
export interface IndexedDBAdapter extends Adapter {
  /**
   * Removes expired entries, and gives how many there were. `now` is in epoch milliseconds; default: the time of the last
   * call. Runs by itself when idle; await it where that matters.
   */
  sweep(now?: number): Promise<number>
  /**
   * Calls `listener` for each change announced by an adapter of this database with `announce: true`, in this tab and in
   * others, after it is stored. Until the function that it gives is called.
   */
  subscribe(listener: (change: CacheChange) => void): () => void
  /** Asks the browser not to drop this origin's storage when it runs short: `true` if it agreed. It may ask the user. */
  persist(): Promise<boolean>
}

/**
 * Keeps entries in the browser's IndexedDB, shared by all tabs and workers of the origin and there after a reload.
 *
 * Calls of one turn of the event loop share transactions. Each commit is one readwrite transaction, which excludes every
 * other tab's, so `aadd` and `aincr` are atomic across tabs. A write is acknowledged when its transaction is complete; a
 * failed one has stored nothing.
 *
 * When the origin's storage is full, a write drops what has expired, then what was least recently used, and tries again;
 * then it fails with `QUOTA_EXCEEDED`.
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
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
  if (typeof options.name !== 'string' || options.name === '') {
    throw new TypeError("indexedDBAdapter needs the name of a database: { name: 'app' }")
  }
  const { openTimeout = 10, fallback } = options
  if (typeof openTimeout !== 'number' || !(openTimeout > 0)) {
    throw new RangeError(`openTimeout must be more than 0 seconds: got ${String(openTimeout)}`)
  }
  const adapter = new OwnAdapter(options, openTimeout)
  return fallback === undefined ? adapter : new WithFallback(adapter, fallback)
}

const KNOWN = [
  'name',
  'durability',
  'maxEntries',
  'maxBytes',
  'cullFrequency',
  'openTimeout',
  'announce',
  'fallback',
  'whenIdle',
]

class OwnAdapter implements IndexedDBAdapter {
  readonly name = 'indexeddb'
  readonly supports: Supports = SUPPORTS
  readonly #connection: Connection
  readonly #database: Database
  readonly #databaseName: string
  readonly #announces: boolean
  readonly #whenIdle: (work: () => void) => void
  #now = 0
  #isSweepDue = false
  #sweeping: Promise<unknown> | undefined

  constructor(options: IndexedDBAdapterOptions, openTimeout: number) {
    const { name, durability = 'relaxed', maxEntries = null, maxBytes = null, cullFrequency = 3 } = options
    const limits = checkLimits({ maxEntries, maxBytes, cullFrequency })
    const notes = new Notes()
    const isBounded = maxEntries !== null || maxBytes !== null
    this.#databaseName = name
    this.#announces = options.announce ?? false
    this.#whenIdle = options.whenIdle ?? whenIdle
    this.#connection = new Connection({ name, durability, openTimeout })
    this.#database = new Database(
      this.#connection,
      isBounded ? new Bounded(limits, notes) : new Unbounded(notes),
      notes,
      cullFrequency,
    )
  }

  /** Fails where there is no IndexedDB. */
  async open(): Promise<void> {
    await this.#connection.transaction('readonly')
  }

  async read(keys: readonly string[], now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    const entries = await this.#database.get(keys, now, wanted)
    this.#used(now)
    return entries
  }

  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    const outcomes = await this.#database.change(changes, now)
    this.#used(now)
    if (this.#announces) {
      const keys = changes.filter((_, index) => outcomes[index]?.ok).flatMap(keysOf)
      if (keys.length > 0) announce(this.#databaseName, { kind: 'changed', keys })
    }
    return outcomes
  }

  async clear(scope: string): Promise<void> {
    await this.#database.clear(scope)
    if (this.#announces) announce(this.#databaseName, { kind: 'cleared', scope })
  }

  async close(): Promise<void> {
    this.#isSweepDue = false
    // Else it would open the database again.
    await this.#sweeping
    try {
      await this.#database.writeNotes()
    } finally {
      await this.#connection.close()
    }
  }

  sweep(now: number = this.#now): Promise<number> {
    const swept = this.#database.sweep(now)
    this.#sweeping = swept.catch(() => {})
    return swept
  }

  subscribe(listener: (change: CacheChange) => void): () => void {
    return subscribe(this.#databaseName, listener)
  }

  async persist(): Promise<boolean> {
    // Only pages can ask, and only in secure contexts.
    const storage = navigator.storage as { persist?: () => Promise<boolean> } | undefined
    return (await storage?.persist?.()) ?? false
  }

  /** Called when it worked: where there is no IndexedDB there is nothing to sweep. */
  #used(now: number): void {
    this.#now = now
    if (this.#isSweepDue) return
    this.#isSweepDue = true
    this.#whenIdle(() => {
      if (!this.#isSweepDue) return
      this.#isSweepDue = false
      // Nobody waits for it: a failure is the page's to hear of.
      this.sweep().catch(reportError)
    })
  }
}

const SUPPORTS: Supports = {
  atomic: true,
  atomicBatch: true,
  readYourWrites: true,
  staleness: 0,
  persistent: true,
  values: 'fresh',
  maxKeyBytes: null,
  maxValueBytes: null,
}

function whenIdle(work: () => void): void {
  // Neither workers nor Safari have it.
  const page = globalThis as { requestIdleCallback?: (work: () => void, how: { timeout: number }) => void }
  setTimeout(() => {
    if (page.requestIdleCallback === undefined) work()
    else page.requestIdleCallback(work, { timeout: 5_000 })
  }, 5_000)
}

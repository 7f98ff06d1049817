import type { Change, Entry, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import { checkLimits } from '../../core/culling.ts'
import { adapterFailed } from '../../core/outcomes.ts'
import type { Announcements, CacheChange } from './announcements.ts'
import { Bounded } from './bounds.ts'
import { Connection } from './connection.ts'
import { Database } from './database.ts'
import type { Report } from './faults.ts'
import { IdleSweep, whenIdle } from './idle-sweep.ts'
import { Unbounded } from './keeping.ts'
import type { IndexedDBAdapter, IndexedDBAdapterOptions, PlaceInUse } from './options.ts'
import { Session } from './session.ts'
import { Notes } from './uses.ts'

/** The adapter where there is IndexedDB. */
export class OwnAdapter implements IndexedDBAdapter {
  readonly name = 'indexeddb'
  readonly supports: Supports = SUPPORTS
  readonly #connection: Connection
  readonly #database: Database
  readonly #announcements: Announcements
  readonly #report: Report
  readonly #idleSweep: IdleSweep
  #session = new Session()
  #closing: Promise<void> | undefined
  /** What the last call took for the time. */
  #now: number | undefined

  constructor(
    options: IndexedDBAdapterOptions,
    openTimeout: number,
    announcements: Announcements,
    report: Report,
  ) {
    const { name, durability = 'relaxed', maxEntries = null, maxBytes = null, cullFrequency = 3 } = options
    const limits = checkLimits({ maxEntries, maxBytes, cullFrequency })
    const notes = new Notes()
    const isBounded = maxEntries !== null || maxBytes !== null
    this.#announcements = announcements
    this.#report = report
    this.#connection = new Connection({ name, durability, openTimeout })
    this.#database = new Database(
      this.#connection,
      isBounded ? new Bounded(limits, notes) : new Unbounded(notes),
      notes,
      cullFrequency,
    )
    const sweep = async (): Promise<void> => {
      // It would make anew what somebody has deleted since.
      if (this.#connection.isOpen) await this.sweep()
    }
    this.#idleSweep = new IdleSweep(sweep, options.whenIdle ?? whenIdle, report)
  }

  /** Rejects with the browser's own error where there is no IndexedDB. */
  open(): Promise<void> {
    return this.#connection.open()
  }

  async ready(): Promise<PlaceInUse> {
    const session = this.#session.begin()
    try {
      await this.open()
      return this
    } catch (cause) {
      throw adapterFailed(this, 'Opening the database', cause)
    } finally {
      session.end()
    }
  }

  async read(keys: readonly string[], now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    const session = this.#session.begin()
    try {
      const entries = await this.#database.get(keys, now, wanted)
      this.#used(now, session)
      return entries
    } finally {
      session.end()
    }
  }

  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    const session = this.#session.begin()
    try {
      const outcomes = await this.#database.change(changes, now)
      this.#used(now, session)
      this.#announcements.committed(changes, outcomes)
      return outcomes
    } finally {
      session.end()
    }
  }

  async clear(scope: string): Promise<void> {
    const session = this.#session.begin()
    try {
      await this.#database.clear(scope)
      this.#announcements.cleared(scope)
    } finally {
      session.end()
    }
  }

  close(): Promise<void> {
    const session = this.#session
    this.#session = new Session()
    this.#idleSweep.cancel()
    this.#closing = this.#close(session, this.#closing)
    return this.#closing
  }

  /** What is under way may open the database again, to try once more: it has ended before the connection is closed. */
  async #close(session: Session, before: Promise<void> | undefined): Promise<void> {
    await Promise.all([session.close(), before])
    try {
      if (this.#connection.isOpen) await this.#database.writeNotes()
    } catch (error) {
      this.#report('What was used when could not be written down', error)
    }
    await this.#connection.close()
  }

  async sweep(now: number = this.#now ?? Date.now()): Promise<number> {
    const session = this.#session.begin()
    try {
      return await this.#database.sweep(now)
    } finally {
      session.end()
    }
  }

  subscribe(listener: (change: CacheChange) => void): () => void {
    return this.#announcements.subscribe(listener)
  }

  async persist(): Promise<boolean> {
    try {
      // Only pages can ask, and only in secure contexts.
      const storage = globalThis.navigator?.storage as { persist?: () => Promise<boolean> } | undefined
      return (await storage?.persist?.()) ?? false
    } catch (error) {
      // As in a sandboxed frame, which has no storage to keep.
      this.#report('The browser could not be asked to keep the storage', error)
      return false
    }
  }

  /** Called when it worked: where there is no IndexedDB there is nothing to sweep. */
  #used(now: number, session: Session): void {
    this.#now = now
    if (!session.isClosing) this.#idleSweep.arm()
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

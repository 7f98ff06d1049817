import { isLive } from '../../core/liveness.ts'
import type { Encoded } from './codec.ts'
import { withEach } from './connections.ts'
import { copyText, fits } from './copies.ts'
import type { Entries } from './entries.ts'
import { CLOCKS, KEPT_UP } from './limits.ts'
import type { Sql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { StoredEntry } from './protocol.ts'
import type { Settings } from './settings.ts'

const CREATE_COPIES = `CREATE TABLE IF NOT EXISTS copies (
  key TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  dirty INTEGER NOT NULL
) WITHOUT ROWID`

/**
 * Which entries have copies in KV, and which of those are not as the entry is: the only one who writes copies. Each is kept up
 * for an hour after a reader last found none; then it lapses by itself, and the next reader asks again. So what is written
 * often and no longer read near stops costing KV writes.
 */
export class Publisher {
  readonly #sql: Sql
  readonly #entries: Entries
  readonly #settings: Settings
  /** Of each copy that is to be written anew, the stamp of the last change. */
  readonly #dirty = new Map<string, number>()
  /** The keys that have copies, so that others' changes cost no look; `undefined` = too many to remember. */
  #copied: Set<string> | undefined = new Set()
  #stamp: number

  constructor(sql: Sql, entries: Entries, settings: Settings) {
    this.#sql = sql
    this.#entries = entries
    this.#settings = settings
    sql.exec(CREATE_COPIES)
    this.#stamp = 0
    for (const { key, dirty } of sql.exec<Copy>('SELECT key, dirty FROM copies')) {
      this.#remember(key)
      this.#stamp = Math.max(this.#stamp, Math.abs(dirty))
      if (dirty > 0) this.#dirty.set(key, dirty)
    }
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0
  }

  /** Later than every stamp before it, also of an instance before this one: those of copies are stored with them. */
  nextStamp(now: number): number {
    this.#stamp = Math.max(now, this.#stamp + 1)
    return this.#stamp
  }

  /** A reader found no copy of this entry. Gives whether there is one to be written. */
  request(key: string, entry: StoredEntry, prefix: string, now: number): boolean {
    if (typeof entry.value === 'number' || !isLive(entry, now) || !fits(prefix, key)) return false
    this.#settings.usePrefix(prefix, now)
    const [copy] = this.#sql.exec<Copy>('SELECT key, until, dirty FROM copies WHERE key = ?', key)
    const usedUntil = this.#settings.earlierPrefix?.usedUntil ?? 0
    if (copy !== undefined && copy.until > now && copy.until - KEPT_UP >= usedUntil) return copy.dirty > 0
    this.#mark(key, now + KEPT_UP, this.nextStamp(now))
    return true
  }

  /** Entries have changed. Gives whether any has a copy that is not as it is any more. */
  changed(keys: Iterable<string>, stamp: number, now: number): boolean {
    let isAny = false
    for (const key of keys) {
      if (this.#copied?.has(key) === false) continue
      const { rowsWritten } = this.#sql.exec(
        'UPDATE copies SET dirty = ? WHERE key = ? AND until > ?',
        stamp,
        key,
        now - CLOCKS,
      )
      if (rowsWritten === 0) continue
      this.#dirty.set(key, stamp)
      isAny = true
    }
    return isAny
  }

  /** Writes what is dirty, as far as one call may. What fails stays dirty; the errors are given. */
  flush(kv: CacheKVNamespace): Promise<unknown[]> {
    return withEach([...this.#dirty.keys()].slice(0, AT_ONCE), (key) => this.#write(kv, key))
  }

  /** Forgets the copies that have lapsed, also those that could never be renewed: they say nothing to anybody. */
  sweep(now: number): void {
    const lapsed = this.#sql
      .exec<Pick<Copy, 'key'>>('DELETE FROM copies WHERE until <= ? RETURNING key', now - CLOCKS)
      .toArray()
    for (const { key } of lapsed) {
      this.#copied?.delete(key)
      this.#dirty.delete(key)
    }
    if (this.#copied === undefined) this.#rememberAll()
  }

  /** When the last of the copies that are not as their entry is will have lapsed, if there are any. */
  get lapsedAt(): number | null {
    const { until } = this.#sql
      .exec<{ until: number | null }>('SELECT max(until) AS until FROM copies WHERE dirty > 0')
      .one()
    return until === null ? null : until + CLOCKS
  }

  async #write(kv: CacheKVNamespace, key: string): Promise<void> {
    const { prefix, earlierPrefix } = this.#settings
    const dirty = this.#dirty.get(key) as number
    // Should it fail, the others come before it.
    this.#dirty.delete(key)
    this.#dirty.set(key, dirty)
    const now = Date.now()
    const [copy] = this.#sql.exec<Copy>('SELECT key, until, dirty FROM copies WHERE key = ?', key)
    const until = copy?.until ?? 0
    const { entry, generation = 0 } = (until > now ? this.#entries.find(key) : undefined) ?? {}
    const stamp = this.nextStamp(now)
    if (earlierPrefix !== undefined && now < earlierPrefix.usedUntil + KEPT_UP + CLOCKS) {
      if (fits(earlierPrefix.prefix, key)) await kv.delete(earlierPrefix.prefix + key)
    }
    if (isLive(entry, now) && typeof entry.value !== 'number') {
      const { text, options } = copyText(
        entry as StoredEntry & { readonly value: Encoded },
        { until, generation, stamp, incarnation: this.#settings.incarnation },
        now,
      )
      await kv.put(prefix + key, text, options)
      // Negative: clean. Changed meanwhile, it has another number and stays dirty.
      this.#sql.exec('UPDATE copies SET dirty = ? WHERE key = ? AND dirty = ?', -stamp, key, dirty)
    } else {
      // One that has lapsed says nothing to anybody, and KV drops it.
      if (until > now - CLOCKS) await kv.delete(prefix + key)
      const { rowsWritten } = this.#sql.exec('DELETE FROM copies WHERE key = ? AND dirty = ?', key, dirty)
      if (rowsWritten > 0) this.#copied?.delete(key)
    }
    if (this.#dirty.get(key) === dirty) this.#dirty.delete(key)
  }

  #rememberAll(): void {
    const copies = this.#sql
      .exec<Pick<Copy, 'key'>>('SELECT key FROM copies LIMIT ?', MOST_REMEMBERED + 1)
      .toArray()
    if (copies.length <= MOST_REMEMBERED) this.#copied = new Set(copies.map(({ key }) => key))
  }

  #remember(key: string): void {
    this.#copied?.add(key)
    if (this.#copied !== undefined && this.#copied.size > MOST_REMEMBERED) this.#copied = undefined
  }

  #mark(key: string, until: number, stamp: number): void {
    this.#remember(key)
    this.#dirty.set(key, stamp)
    this.#sql.exec(
      `INSERT INTO copies VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET until = excluded.until, dirty = excluded.dirty`,
      key,
      until,
      stamp,
    )
  }
}

/** Some megabytes of the 128 that an object has. */
const MOST_REMEMBERED = 100_000
/** Copies written in one call, which may make 1,000 operations. https://developers.cloudflare.com/kv/platform/limits/ */
const AT_ONCE = 500

type Copy = { key: string; until: number; dirty: number }

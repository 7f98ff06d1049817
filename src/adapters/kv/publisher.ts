import { isLive } from '../../core/operations.ts'
import { withEach } from './connections.ts'
import type { Entries } from './entries.ts'
import { CLOCK_SKEW_MS, REPLICA_LIFETIME_MS } from './limits.ts'
import type { Sql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { Encoded, StoredEntry } from './protocol.ts'
import { fitsKV, fitsMetadata, replicaText } from './replicas.ts'
import type { Settings } from './settings.ts'

const CREATE_COPIES = `CREATE TABLE IF NOT EXISTS copies (
  key TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  dirty INTEGER NOT NULL
) WITHOUT ROWID`

/**
 * Writes the replicas in KV; nothing else does. A replica is kept up to date for an hour after a reader missed it. Then it lapses, and
 * the next reader asks again, so that a key which is written often and no longer read from replicas stops costing KV writes.
 */
export class Publisher {
  readonly #sql: Sql
  readonly #entries: Entries
  readonly #settings: Settings
  /** The replicas to write, with the stamp of the last change. */
  readonly #dirty = new Map<string, number>()
  /** The keys with replicas, so that changes of other keys read no row; `undefined` = too many to remember. */
  #replicated: Set<string> | undefined = new Set()
  #stamp: number

  constructor(sql: Sql, entries: Entries, settings: Settings) {
    this.#sql = sql
    this.#entries = entries
    this.#settings = settings
    sql.exec(CREATE_COPIES)
    this.#stamp = 0
    for (const { key, dirty } of sql.exec<ReplicaRow>('SELECT key, dirty FROM copies')) {
      this.#remember(key)
      this.#stamp = Math.max(this.#stamp, Math.abs(dirty))
      if (dirty > 0) this.#dirty.set(key, dirty)
    }
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0
  }

  /** Later than every earlier stamp, including those of an earlier instance, which are stored with the replicas. */
  nextStamp(now: number): number {
    this.#stamp = Math.max(now, this.#stamp + 1)
    return this.#stamp
  }

  /** A reader found no replica of this entry. Returns whether one is to be written. */
  request(key: string, entry: StoredEntry, prefix: string, now: number): boolean {
    if (typeof entry.value === 'number' || !isLive(entry, now)) return false
    if (!fitsKV(prefix, key) || !fitsMetadata(entry)) return false
    this.#settings.usePrefix(prefix, now)
    const [copy] = this.#sql.exec<ReplicaRow>('SELECT key, until, dirty FROM copies WHERE key = ?', key)
    const usedUntil = this.#settings.earlierPrefix?.usedUntil ?? 0
    if (copy !== undefined && copy.until > now && copy.until - REPLICA_LIFETIME_MS >= usedUntil)
      return copy.dirty > 0
    this.#mark(key, now + REPLICA_LIFETIME_MS, this.nextStamp(now))
    return true
  }

  /** Entries have changed. Returns whether a replica of one is to be written. */
  changed(keys: Iterable<string>, stamp: number, now: number): boolean {
    let isAny = false
    for (const key of keys) {
      if (this.#replicated?.has(key) === false) continue
      const { rowsWritten } = this.#sql.exec(
        'UPDATE copies SET dirty = ? WHERE key = ? AND until > ?',
        stamp,
        key,
        now - CLOCK_SKEW_MS,
      )
      if (rowsWritten === 0) continue
      this.#dirty.set(key, stamp)
      isAny = true
    }
    return isAny
  }

  /** Writes dirty replicas, as many as one call may, and returns the errors. What fails stays dirty. */
  flush(kv: CacheKVNamespace): Promise<unknown[]> {
    return withEach([...this.#dirty.keys()].slice(0, MAX_WRITES_PER_FLUSH), (key) => this.#write(kv, key))
  }

  /** Forgets the replicas that have lapsed. No reader accepts them. */
  sweep(now: number): void {
    const lapsed = this.#sql
      .exec<Pick<ReplicaRow, 'key'>>('DELETE FROM copies WHERE until <= ? RETURNING key', now - CLOCK_SKEW_MS)
      .toArray()
    for (const { key } of lapsed) {
      this.#replicated?.delete(key)
      this.#dirty.delete(key)
    }
    if (this.#replicated === undefined) this.#rememberAll()
  }

  /** When the last dirty replica will have lapsed, if there is any. */
  get lapsedAt(): number | null {
    const { until } = this.#sql
      .exec<{ until: number | null }>('SELECT max(until) AS until FROM copies WHERE dirty > 0')
      .one()
    return until === null ? null : until + CLOCK_SKEW_MS
  }

  async #write(kv: CacheKVNamespace, key: string): Promise<void> {
    const { prefix, earlierPrefix } = this.#settings
    const dirty = this.#dirty.get(key) as number
    // If it fails, the others come first the next time.
    this.#dirty.delete(key)
    this.#dirty.set(key, dirty)
    const now = Date.now()
    const [copy] = this.#sql.exec<ReplicaRow>('SELECT key, until, dirty FROM copies WHERE key = ?', key)
    const until = copy?.until ?? 0
    const { entry, generation = 0 } = (until > now ? this.#entries.find(key) : undefined) ?? {}
    const stamp = this.nextStamp(now)
    if (earlierPrefix !== undefined && now < earlierPrefix.usedUntil + REPLICA_LIFETIME_MS + CLOCK_SKEW_MS) {
      if (fitsKV(earlierPrefix.prefix, key)) await kv.delete(earlierPrefix.prefix + key)
    }
    if (isLive(entry, now) && typeof entry.value !== 'number' && fitsMetadata(entry)) {
      const { text, options } = replicaText(
        entry as StoredEntry & { readonly value: Encoded },
        { until, generation, stamp, incarnation: this.#settings.incarnation },
        now,
      )
      await kv.put(prefix + key, text, options)
      // Negative means clean. A replica that became dirty again meanwhile has another stamp, and stays dirty.
      this.#sql.exec('UPDATE copies SET dirty = ? WHERE key = ? AND dirty = ?', -stamp, key, dirty)
    } else {
      // KV drops a replica that has lapsed.
      if (until > now - CLOCK_SKEW_MS) await kv.delete(prefix + key)
      const { rowsWritten } = this.#sql.exec('DELETE FROM copies WHERE key = ? AND dirty = ?', key, dirty)
      if (rowsWritten > 0) this.#replicated?.delete(key)
    }
    if (this.#dirty.get(key) === dirty) this.#dirty.delete(key)
  }

  #rememberAll(): void {
    const copies = this.#sql
      .exec<Pick<ReplicaRow, 'key'>>('SELECT key FROM copies LIMIT ?', MAX_REMEMBERED_KEYS + 1)
      .toArray()
    if (copies.length <= MAX_REMEMBERED_KEYS) this.#replicated = new Set(copies.map(({ key }) => key))
  }

  #remember(key: string): void {
    this.#replicated?.add(key)
    if (this.#replicated !== undefined && this.#replicated.size > MAX_REMEMBERED_KEYS)
      this.#replicated = undefined
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
const MAX_REMEMBERED_KEYS = 100_000
/** One call may make 1,000 operations. https://developers.cloudflare.com/kv/platform/limits/ */
const MAX_WRITES_PER_FLUSH = 500

type ReplicaRow = { key: string; until: number; dirty: number }

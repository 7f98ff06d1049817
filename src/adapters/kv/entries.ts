import { rangeEnd } from '../../core/keys.ts'
import { isLive } from '../../core/operations.ts'
import { columnsOf, type EntryColumns, entryOfColumns, freshnessOf } from './entry-columns.ts'
import type { Sql } from './metered-sql.ts'
import { OwnerClears } from './owner-clears.ts'
import type { StoredEntry } from './protocol.ts'

/**
 * `WITHOUT ROWID` writes one billed row per set instead of two. The value is the last column, so that the sweep, which reads the
 * others of every row, need not read through it.
 */
const CREATE_ENTRIES = `CREATE TABLE IF NOT EXISTS entries (
  key TEXT PRIMARY KEY,
  expires_at INTEGER,
  generation INTEGER NOT NULL DEFAULT 0,
  metadata TEXT,
  format TEXT NOT NULL,
  value NOT NULL
) WITHOUT ROWID`

/**
 * The rows of an owner. A clear only raises the generation of its scope, in constant time, and so does the invalidation of a tag. Rows
 * of earlier generations count as missing, and the sweep removes them.
 */
export class Entries {
  readonly #sql: Sql
  readonly clears: OwnerClears
  /** The last key seen by the sweep of invalidated tags under way, and the last generation when it began. */
  #tagSweep: { readonly to: string; readonly generation: number } | undefined

  constructor(sql: Sql) {
    this.#sql = sql
    this.#create()
    this.clears = new OwnerClears(sql)
  }

  get(key: string): StoredEntry | undefined {
    return this.find(key)?.entry
  }

  /** The entry, and the last clear of any scope that the owner knew of when it was stored. */
  find(key: string): { readonly entry: StoredEntry; readonly generation: number } | undefined {
    const [row] = this.#sql.exec<Row>(
      'SELECT format, value, expires_at, metadata, generation FROM entries WHERE key = ?',
      key,
    )
    if (row === undefined || this.clears.known.isCleared(key, row.generation)) return undefined
    const entry = this.clears.known.remainder(entryOfColumns(row), row.generation)
    return entry && { entry, generation: row.generation }
  }

  /** The entry with 0 in place of its value. */
  getDeadline(key: string): StoredEntry | undefined {
    const [row] = this.#sql.exec<Omit<Row, 'format' | 'value'>>(
      'SELECT expires_at, metadata, generation FROM entries WHERE key = ?',
      key,
    )
    if (row === undefined || this.clears.known.isCleared(key, row.generation)) return undefined
    return this.clears.known.remainder({ value: 0, ...freshnessOf(row) }, row.generation)
  }

  /** An entry that was changed keeps its generation, so that a clear under way of the former one also clears this one. */
  put(key: string, entry: StoredEntry, generation: number = this.clears.generation): void {
    const { format, value, expires_at, metadata } = columnsOf(entry)
    this.#sql.exec(
      `INSERT INTO entries (key, format, value, expires_at, metadata, generation) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET
         format = excluded.format, value = excluded.value, expires_at = excluded.expires_at,
         metadata = excluded.metadata, generation = excluded.generation`,
      key,
      format,
      value,
      expires_at,
      metadata,
      generation,
    )
  }

  delete(key: string): void {
    this.#sql.exec('DELETE FROM entries WHERE key = ?', key)
  }

  /** Clears a scope; `''` clears everything. Does nothing if a later clear arrived first. */
  clear(scope: string, generation: number, now: number): void {
    if (!this.clears.clear(scope, generation, now) || scope !== '') return
    // Deleted rows are billed, a dropped table is not.
    this.#sql.exec('DROP TABLE entries')
    this.#sql.exec(CREATE_ENTRIES)
  }

  /** Removes up to `most` entries that expired before `limit` or were cleared, and returns how many. */
  sweep(limit: number, most: number): number {
    let left = most
    for (const { scope, generation } of this.clears.unsweptScopes()) {
      const { rowsWritten } = this.#sql.exec(
        `DELETE FROM entries WHERE key IN (
           SELECT key FROM entries WHERE key >= ? AND key < ? AND generation < ? LIMIT ?)`,
        scope,
        rangeEnd(scope) ?? '',
        generation,
        left,
      )
      left -= rowsWritten
      if (left <= 0) return most
      this.clears.sweptScope(scope)
    }
    left -= this.#sweepTags(left)
    if (left <= 0) return most
    const { rowsWritten } = this.#sql.exec(
      'DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE expires_at <= ? LIMIT ?)',
      limit,
      left,
    )
    return most - left + rowsWritten
  }

  /** The live keys of up to `limit` rows that begin with `scope` and come after `after`, and the last row if there may be more. */
  list(
    scope: string,
    after: string | undefined,
    limit: number,
    now: number,
  ): { readonly keys: string[]; readonly after?: string } {
    // It may end in the middle of a surrogate pair, which SQLite's text cannot.
    const end = rangeEnd(scope)
    const rows = this.#sql
      .exec<TaggedRow>(
        `SELECT key, expires_at, metadata, generation FROM entries
         WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?`,
        scope,
        after ?? '',
        end?.isWellFormed() ? end : LAST_KEY,
        limit,
      )
      .toArray()
    const { known } = this.clears
    const found = rows.filter(({ key }) => key.startsWith(scope))
    const live = found.filter(({ key, generation, ...row }) => {
      if (known.isCleared(key, generation)) return false
      return isLive(known.remainder({ value: 0, ...freshnessOf(row) }, generation), now)
    })
    const keys = live.map(({ key }) => key)
    const last = found.length === limit ? found.at(-1)?.key : undefined
    return last === undefined ? { keys } : { keys, after: last }
  }

  /** Looks at up to `most` entries with metadata, does to them what the invalidated tags demand, and returns how many it has looked at. */
  #sweepTags(most: number): number {
    if (this.#tagSweep === undefined && !this.clears.hasUnsweptTags) return 0
    const { to, generation } = this.#tagSweep ?? { to: '', generation: this.clears.generation }
    const rows = this.#sql
      .exec<TaggedRow>(
        `SELECT key, expires_at, metadata, generation FROM entries
         WHERE key > ? AND metadata IS NOT NULL AND generation < ? ORDER BY key LIMIT ?`,
        to,
        generation,
        most,
      )
      .toArray()
    for (const { key, generation: storedAt, ...row } of rows) {
      const entry = { value: 0, ...freshnessOf(row) }
      const left = this.clears.known.remainder(entry, storedAt)
      if (left === undefined) this.delete(key)
      else if (left !== entry) this.#putFreshness(key, left)
    }
    const last = rows.length === most ? rows.at(-1)?.key : undefined
    this.#tagSweep = last === undefined ? undefined : { to: last, generation }
    if (last === undefined) this.clears.sweptTags(generation)
    return rows.length
  }

  /** The marks that made the entry stale no longer concern it. */
  #putFreshness(key: string, entry: StoredEntry): void {
    const { expires_at, metadata } = columnsOf(entry)
    this.#sql.exec(
      'UPDATE entries SET expires_at = ?, metadata = ?, generation = ? WHERE key = ?',
      expires_at,
      metadata,
      this.clears.generation,
      key,
    )
  }

  /** The earliest deadline. */
  get nextDeadline(): number | null {
    return this.#sql.exec<{ next: number | null }>('SELECT min(expires_at) AS next FROM entries').one().next
  }

  #create(): void {
    const [table] = this.#sql
      .exec<{ sql: string }>("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'entries'")
      .toArray()
    if (table === undefined) {
      this.#sql.exec(CREATE_ENTRIES)
      return
    }
    // Tables of earlier versions lack these columns.
    for (const column of ['generation INTEGER NOT NULL DEFAULT 0', 'metadata TEXT']) {
      if (!table.sql.includes(column)) this.#sql.exec(`ALTER TABLE entries ADD COLUMN ${column}`)
    }
  }
}

/** Greater than every key. */
const LAST_KEY = '\u{10ffff}\u{10ffff}'

type Row = Omit<EntryColumns, 'value'> & {
  readonly value: number | string | ArrayBuffer
  readonly generation: number
}
type TaggedRow = Pick<Row, 'expires_at' | 'metadata' | 'generation'> & { readonly key: string }

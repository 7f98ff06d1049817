import { rangeEnd } from '../../core/keys.ts'
import { clearedAt } from './generations.ts'
import type { Sql } from './metered-sql.ts'
import type { StoredEntry } from './protocol.ts'

/**
 * `WITHOUT ROWID` writes one billed row per set instead of two. The value is the last column, so that the sweep, which reads the
 * others of every row, need not read through it.
 */
const CREATE_ENTRIES = `CREATE TABLE IF NOT EXISTS entries (
  key TEXT PRIMARY KEY,
  expires_at INTEGER,
  generation INTEGER NOT NULL DEFAULT 0,
  format TEXT NOT NULL,
  value NOT NULL
) WITHOUT ROWID`

const CREATE_CLEARS = `CREATE TABLE IF NOT EXISTS clears (
  scope TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  cleared_at INTEGER NOT NULL,
  swept INTEGER NOT NULL
) WITHOUT ROWID`

/**
 * The rows of an owner. A clear only raises the generation of its scope, in constant time. Rows of earlier generations count as missing,
 * and the sweep removes them.
 */
export class Entries {
  readonly #sql: Sql
  readonly #clears = new Map<string, number>()
  #latest = 0

  constructor(sql: Sql) {
    this.#sql = sql
    this.#create()
    for (const { scope, generation } of sql.exec<Clear>('SELECT scope, generation FROM clears')) {
      this.#clears.set(scope, generation)
      this.#latest = Math.max(this.#latest, generation)
    }
  }

  /** The generation of the last clear of any scope. */
  get generation(): number {
    return this.#latest
  }

  /**
   * Later than every generation before it, including those of an earlier storage of this object, whose replicas may still be in KV and
   * must not survive the clear.
   */
  nextGeneration(now: number): number {
    return Math.max(now, this.#latest + 1)
  }

  get clears(): ReadonlyMap<string, number> {
    return this.#clears
  }

  get(key: string): StoredEntry | undefined {
    return this.find(key)?.entry
  }

  /** The entry, and the last clear of any scope that the owner knew of when it was stored. */
  find(key: string): { readonly entry: StoredEntry; readonly generation: number } | undefined {
    const [row] = this.#sql.exec<Row>(
      'SELECT format, value, expires_at, generation FROM entries WHERE key = ?',
      key,
    )
    if (row === undefined || row.generation < this.#clearedAt(key)) return undefined
    const { format, value, expires_at: expiresAt, generation } = row
    if (format === INTEGER) return { entry: { value: value as number, expiresAt }, generation }
    const data = value instanceof ArrayBuffer ? new Uint8Array(value) : (value as string)
    return { entry: { value: { format, data }, expiresAt }, generation }
  }

  /** The entry with 0 in place of its value. */
  getDeadline(key: string): StoredEntry | undefined {
    const [row] = this.#sql.exec<Pick<Row, 'expires_at' | 'generation'>>(
      'SELECT expires_at, generation FROM entries WHERE key = ?',
      key,
    )
    if (row === undefined || row.generation < this.#clearedAt(key)) return undefined
    return { value: 0, expiresAt: row.expires_at }
  }

  /** An entry that was changed keeps its generation, so that a clear under way of the former one also clears this one. */
  put(key: string, { value, expiresAt }: StoredEntry, generation: number = this.#latest): void {
    const [format, data] = typeof value === 'number' ? [INTEGER, value] : [value.format, value.data]
    this.#sql.exec(
      `INSERT INTO entries (key, format, value, expires_at, generation) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET
         format = excluded.format, value = excluded.value,
         expires_at = excluded.expires_at, generation = excluded.generation`,
      key,
      format,
      data,
      expiresAt,
      generation,
    )
  }

  delete(key: string): void {
    this.#sql.exec('DELETE FROM entries WHERE key = ?', key)
  }

  /** Clears a scope; `''` clears everything. Does nothing if a later clear arrived first. */
  clear(scope: string, generation: number, now: number): void {
    if (generation <= clearedAt(this.#clears, scope)) return
    if (scope === '') {
      // Deleted rows are billed, a dropped table is not.
      this.#sql.exec('DROP TABLE entries')
      this.#sql.exec(CREATE_ENTRIES)
    }
    this.#sql.exec(
      `INSERT INTO clears VALUES (?, ?, ?, ?) ON CONFLICT (scope) DO UPDATE SET
         generation = excluded.generation, cleared_at = excluded.cleared_at, swept = excluded.swept`,
      scope,
      generation,
      now,
      scope === '' ? 1 : 0,
    )
    this.#clears.set(scope, generation)
    this.#latest = Math.max(this.#latest, generation)
  }

  /** Removes up to `most` entries that expired before `limit` or were cleared, and returns how many. */
  sweep(limit: number, most: number): number {
    let left = most
    for (const { scope, generation } of this.#sql
      .exec<Clear>('SELECT scope, generation FROM clears WHERE swept = 0')
      .toArray()) {
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
      this.#sql.exec('UPDATE clears SET swept = 1 WHERE scope = ?', scope)
    }
    const { rowsWritten } = this.#sql.exec(
      'DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE expires_at <= ? LIMIT ?)',
      limit,
      left,
    )
    return most - left + rowsWritten
  }

  /** Forgets clears that no row and no replica precedes, but never the last generation. */
  forgetClears(before: number): void {
    this.#sql.exec(
      'DELETE FROM clears WHERE swept = 1 AND cleared_at < ? AND generation < ?',
      before,
      this.#latest,
    )
    const kept = new Set(
      this.#sql
        .exec<Clear>('SELECT scope, generation FROM clears')
        .toArray()
        .map(({ scope }) => scope),
    )
    for (const scope of this.#clears.keys()) if (!kept.has(scope)) this.#clears.delete(scope)
  }

  /** When the last clear was. */
  get lastClearAt(): number | null {
    return this.#sql.exec<{ last: number | null }>('SELECT max(cleared_at) AS last FROM clears').one().last
  }

  /** The earliest deadline. */
  get nextDeadline(): number | null {
    return this.#sql.exec<{ next: number | null }>('SELECT min(expires_at) AS next FROM entries').one().next
  }

  #clearedAt(key: string): number {
    return this.#clears.size === 0 ? 0 : clearedAt(this.#clears, key)
  }

  #create(): void {
    const isThere = (table: string) =>
      [...this.#sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table)].length > 0
    if (isThere('clears')) return
    // Tables of an earlier version lack the column.
    if (isThere('entries')) {
      this.#sql.exec('ALTER TABLE entries ADD COLUMN generation INTEGER NOT NULL DEFAULT 0')
    } else {
      this.#sql.exec(CREATE_ENTRIES)
    }
    this.#sql.exec(CREATE_CLEARS)
  }
}

const INTEGER = 'integer'

type Clear = { scope: string; generation: number }
type Row = {
  format: string
  value: number | string | ArrayBuffer
  expires_at: number | null
  generation: number
}

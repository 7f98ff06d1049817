import { rangeEnd } from '../../core/keys.ts'
import { clearedAt } from './generations.ts'
import type { Sql } from './metered-sql.ts'
import type { StoredEntry } from './protocol.ts'

/**
 * `WITHOUT ROWID`: one row written per set instead of two, and rows are what is billed. The value comes last: who looks only
 * for what stands before it, as the sweep does at every row, need not read through it.
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
 * The rows of an owner, and the clears they have been through. A clear of a scope only counts it: its rows are dead from
 * then on, and the sweep removes them, so that no clear takes longer the more there is.
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

  /** The number of the last clear of any scope. */
  get generation(): number {
    return this.#latest
  }

  /**
   * A number for a clear, later than all before it, also than those of an earlier storage of this object: copies of that one may
   * still be in KV, and must not survive the clear.
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

  /** An entry, and the last clear of any scope that its owner knew of when it was stored. */
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

  /** The entry with 0 for its value. */
  getDeadline(key: string): StoredEntry | undefined {
    const [row] = this.#sql.exec<Pick<Row, 'expires_at' | 'generation'>>(
      'SELECT expires_at, generation FROM entries WHERE key = ?',
      key,
    )
    if (row === undefined || row.generation < this.#clearedAt(key)) return undefined
    return { value: 0, expiresAt: row.expires_at }
  }

  /** `generation` is that of the entry this one is made of: a clear under way that was to find that one finds this one. */
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

  /**
   * Clears a scope, `''` = everything. Not again if a later clear was here first: the two were under way together, and this
   * one counts as the earlier.
   */
  clear(scope: string, generation: number, now: number): void {
    if (generation <= clearedAt(this.#clears, scope)) return
    if (scope === '') {
      // Deleting is billed by the row, dropping the table is not.
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

  /** Removes up to `most` entries that died before `limit` or were cleared, and gives how many. */
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

  /** Forgets the clears of long ago, of which no row and no copy can still be; but never the last number given out. */
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

  /** The first deadline of all. */
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
    // Tables of before there were clears lack the column.
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

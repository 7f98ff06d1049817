import { DurableObject } from 'cloudflare:workers'
import type { Entry, Op, Outcome, Wanted } from '../../core/adapter.ts'
import { decideBatch, keysToRead } from '../../core/batch.ts'
import { rangeEnd } from '../../core/keys.ts'
import { type Stored, sizeOf } from './codec.ts'
import { MAX_CALL_BYTES } from './limits.ts'

/** An entry as it travels and as the owner keeps it: encoded. */
export interface StoredEntry extends Entry {
  readonly value: Stored
}

export interface StoredChange {
  readonly key: string
  readonly op:
    | Exclude<Op, { kind: 'set' | 'add' }>
    | { readonly kind: 'set' | 'add'; readonly entry: StoredEntry }
}

/**
 * The owner of a share of the keys: a Durable Object with a SQLite table. Export it from your Worker, bind it, and name
 * it under `new_sqlite_classes` in a migration; `kvAdapter({ shards: env.CACHE_SHARDS })` does the rest.
 *
 * Every method is one synchronous turn: nothing is awaited between reading and writing, so nothing comes in between, and
 * the answer leaves only when what it tells of is durable.
 * https://developers.cloudflare.com/durable-objects/reference/in-memory-state/
 *
 * Its methods are called by Workers of other deployments, older and newer: they may be added, never changed.
 */
export class CacheShard extends DurableObject {
  readonly #sql: SqlStorage
  /** As far as this instance knows: the alarm itself outlives it. */
  #isSweepSet = false

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as never)
    this.#sql = state.storage.sql
    this.#sql.exec(CREATE_TABLE)
  }

  /**
   * The entries of `keys`, in that order; expired ones included. For `'presence'` each value is 0. Of those that are
   * together too large for one answer, the first ones: ask again for the rest.
   */
  read(keys: readonly string[], wanted: Wanted): (StoredEntry | null)[] {
    if (wanted === 'presence') return keys.map((key) => this.#getDeadline(key) ?? null)
    const entries: (StoredEntry | null)[] = []
    let bytes = 0
    for (const key of keys) {
      const entry = this.#get(key)
      bytes += entry === undefined ? 0 : sizeOf(entry.value)
      if (entries.length > 0 && bytes > MAX_CALL_BYTES) break
      entries.push(entry ?? null)
    }
    return entries
  }

  /** Decides and stores the changes, in order. Refusals are answers, never exceptions. */
  commit(changes: readonly StoredChange[], now: number): readonly Outcome[] {
    let hasDeadline = false
    const answers = this.ctx.storage.transactionSync(() => {
      const commits = [{ changes, now }]
      const stored = new Map<string, Entry>()
      for (const key of keysToRead(commits)) {
        const entry = this.#get(key)
        if (entry !== undefined) stored.set(key, entry)
      }
      const { outcomes, writes } = decideBatch(stored, commits)
      for (const [key, entry] of writes) {
        if (entry === undefined) this.#sql.exec('DELETE FROM entries WHERE key = ?', key)
        else this.#put(key, entry as StoredEntry)
        if (entry !== undefined && entry.expiresAt !== null) hasDeadline = true
      }
      return outcomes[0] ?? []
    })
    if (hasDeadline && !this.#isSweepSet) this.#setSweep()
    return answers
  }

  /** Removes every entry whose key begins with `scope`; `''` removes all. */
  clear(scope: string): void {
    const end = rangeEnd(scope)
    if (end !== undefined) {
      this.#sql.exec('DELETE FROM entries WHERE key >= ? AND key < ?', scope, end)
      return
    }
    // Deleting is billed by the row, dropping the table is not.
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec('DROP TABLE entries')
      this.#sql.exec(CREATE_TABLE)
    })
  }

  /**
   * Removes entries that have been dead for a while: for the room they take. Reading never depends on it. A scan of the
   * table is billed at a thousandth of what an index on the deadline would add to each write.
   */
  override async alarm(): Promise<void> {
    const now = Date.now()
    const { rowsWritten } = this.#sql.exec(
      'DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE expires_at <= ? LIMIT ?)',
      now - GRACE,
      SWEPT_AT_ONCE,
    )
    const { next } = this.#sql
      .exec<{ next: number | null }>('SELECT min(expires_at) AS next FROM entries')
      .one()
    this.#isSweepSet = next !== null
    if (next === null) return
    const isUnfinished = rowsWritten >= SWEPT_AT_ONCE
    await this.ctx.storage.setAlarm(isUnfinished ? now : Math.max(now + SWEEP_EVERY, next + GRACE))
  }

  #setSweep(): void {
    this.#isSweepSet = true
    const { storage } = this.ctx
    storage
      .getAlarm()
      .then((at) => (at === null ? storage.setAlarm(Date.now() + SWEEP_EVERY) : undefined))
      // Nothing but room depends on it: the next write tries again.
      .catch(() => {
        this.#isSweepSet = false
      })
  }

  #get(key: string): StoredEntry | undefined {
    const [row] = this.#sql.exec<Row>('SELECT format, value, expires_at FROM entries WHERE key = ?', key)
    if (row === undefined) return undefined
    const { format, value, expires_at: expiresAt } = row
    if (format === INTEGER) return { value: value as number, expiresAt }
    const data = value instanceof ArrayBuffer ? new Uint8Array(value) : (value as string)
    return { value: { format, data }, expiresAt }
  }

  #getDeadline(key: string): StoredEntry | undefined {
    const [row] = this.#sql.exec<Pick<Row, 'expires_at'>>('SELECT expires_at FROM entries WHERE key = ?', key)
    return row && { value: 0, expiresAt: row.expires_at }
  }

  #put(key: string, { value, expiresAt }: StoredEntry): void {
    const [format, data] = typeof value === 'number' ? [INTEGER, value] : [value.format, value.data]
    this.#sql.exec(
      `INSERT INTO entries (key, format, value, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET format = excluded.format, value = excluded.value, expires_at = excluded.expires_at`,
      key,
      format,
      data,
      expiresAt,
    )
  }
}

/** Milliseconds between sweeps, at least. Setting an alarm is billed as a row written. */
const SWEEP_EVERY = 3_600_000
/** Milliseconds by which callers' clocks may be behind the owner's: none shall miss what it thinks is live. */
const GRACE = 60_000
/** Entries removed in one turn, so that no caller waits long. */
const SWEPT_AT_ONCE = 10_000

const INTEGER = 'integer'

type Row = { format: string; value: number | string | ArrayBuffer; expires_at: number | null }

/** `WITHOUT ROWID`: one row written per set instead of two, and rows are what is billed. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS entries (
  key TEXT PRIMARY KEY,
  format TEXT NOT NULL,
  value NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID`

import type { Sql } from './metered-sql.ts'

const CREATE_SETTINGS = `CREATE TABLE IF NOT EXISTS settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID`

export interface EarlierPrefix {
  readonly prefix: string
  /** Epoch milliseconds. */
  readonly usedUntil: number
}

/** What an owner must still know when an alarm wakes it, with nobody there to ask. */
export class Settings {
  readonly #sql: Sql
  readonly #values: Map<string, string>

  constructor(sql: Sql) {
    this.#sql = sql
    sql.exec(CREATE_SETTINGS)
    this.#values = new Map(
      sql
        .exec<{ name: string; value: string }>('SELECT name, value FROM settings')
        .toArray()
        .map(({ name, value }) => [name, value]),
    )
  }

  /**
   * Tells this storage from an earlier one of the same object, which was deleted: copies of that one may still be in KV. Made at
   * the first start, and kept.
   */
  get incarnation(): string {
    const known = this.#values.get(INCARNATION)
    if (known !== undefined) return known
    const made = crypto.randomUUID().slice(0, 8)
    this.#set(INCARNATION, made)
    return made
  }

  /** What the KV keys of copies begin with. */
  get prefix(): string {
    return this.#values.get(PREFIX) ?? ''
  }

  /** What they began with before, and until when. */
  get earlierPrefix(): EarlierPrefix | undefined {
    const stored = this.#values.get(EARLIER_PREFIX)
    return stored === undefined ? undefined : JSON.parse(stored)
  }

  /** Readers of another version of this library look for copies under other keys. */
  usePrefix(prefix: string, now: number): void {
    const earlier = this.prefix
    if (prefix === earlier) return
    if (earlier !== '') this.#set(EARLIER_PREFIX, JSON.stringify({ prefix: earlier, usedUntil: now }))
    this.#set(PREFIX, prefix)
  }

  /** The KV key under which the clears are to be told, if they have not been. */
  get unannounced(): string | undefined {
    return this.#values.get(ANNOUNCE)
  }

  announceAt(key: string): void {
    this.#set(ANNOUNCE, key)
  }

  announced(): void {
    this.#values.delete(ANNOUNCE)
    this.#sql.exec('DELETE FROM settings WHERE name = ?', ANNOUNCE)
  }

  /** When the last sweep ended; 0 while one is under way that several alarms see to, and before the first. */
  get sweptAt(): number {
    return Number(this.#values.get(SWEPT_AT) ?? 0)
  }

  set sweptAt(time: number) {
    if (time !== this.sweptAt) this.#set(SWEPT_AT, String(time))
  }

  #set(name: string, value: string): void {
    this.#values.set(name, value)
    this.#sql.exec(
      'INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    )
  }
}

const INCARNATION = 'incarnation'
const PREFIX = 'prefix'
const EARLIER_PREFIX = 'earlier prefix'
const ANNOUNCE = 'announce'
const SWEPT_AT = 'swept at'

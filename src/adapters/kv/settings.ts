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

/** What an owner must know when an alarm wakes it. */
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
   * Distinguishes this storage from an earlier one of the same object that was deleted, whose replicas may still be in KV. Created at
   * the first start.
   */
  get incarnation(): string {
    const known = this.#values.get(INCARNATION)
    if (known !== undefined) return known
    const made = crypto.randomUUID().slice(0, 8)
    this.#set(INCARNATION, made)
    return made
  }

  /** The prefix of the KV keys of replicas. */
  get prefix(): string {
    return this.#values.get(PREFIX) ?? ''
  }

  /** The former prefix, and until when it was used. */
  get earlierPrefix(): EarlierPrefix | undefined {
    const stored = this.#values.get(EARLIER_PREFIX)
    return stored === undefined ? undefined : JSON.parse(stored)
  }

  /** Readers of another version of this library may use another prefix. */
  usePrefix(prefix: string, now: number): void {
    const earlier = this.prefix
    if (prefix === earlier) return
    if (earlier !== '') this.#set(EARLIER_PREFIX, JSON.stringify({ prefix: earlier, usedUntil: now }))
    this.#set(PREFIX, prefix)
  }

  /** The KV key that is to announce the clears, while that is not done. */
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

  /** When the last sweep ended; 0 before the first, and while one takes several alarms. */
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

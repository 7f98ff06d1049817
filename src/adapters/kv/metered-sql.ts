import type { Rows } from './protocol.ts'

/** The part of SQLite that an owner uses. */
export type Sql = Pick<SqlStorage, 'exec'>

/** Counts the rows that statements are billed for. */
export class MeteredSql implements Sql {
  readonly #sql: SqlStorage
  #read = 0
  #written = 0
  /** The last statement. Its counts are final when the next one begins. */
  #cursor: Pick<SqlStorageCursor<never>, 'rowsRead' | 'rowsWritten'> | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  exec<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...bindings: unknown[]
  ): SqlStorageCursor<Row> {
    this.#addUp()
    const cursor = this.#sql.exec<Row>(query, ...bindings)
    this.#cursor = cursor
    return cursor
  }

  /** The rows billed so far. */
  get rows(): Rows {
    this.#addUp()
    return { read: this.#read, written: this.#written }
  }

  #addUp(): void {
    this.#read += this.#cursor?.rowsRead ?? 0
    this.#written += this.#cursor?.rowsWritten ?? 0
    this.#cursor = undefined
  }
}

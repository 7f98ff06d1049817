import type { Rows } from './protocol.ts'

/** SQLite as far as an owner needs it. */
export type Sql = Pick<SqlStorage, 'exec'>

/** Passes statements on, and counts the rows that they are billed for. */
export class MeteredSql implements Sql {
  readonly #sql: SqlStorage
  #cursors: Pick<SqlStorageCursor<never>, 'rowsRead' | 'rowsWritten'>[] = []

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  exec<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...bindings: unknown[]
  ): SqlStorageCursor<Row> {
    const cursor = this.#sql.exec<Row>(query, ...bindings)
    this.#cursors.push(cursor)
    return cursor
  }

  /** What there was since this was last asked. */
  takeRows(): Rows {
    let read = 0
    let written = 0
    for (const { rowsRead, rowsWritten } of this.#cursors) {
      read += rowsRead
      written += rowsWritten
    }
    this.#cursors = []
    return { read, written }
  }
}

import { blobOf } from './blob-pointer.ts'
import { withEach } from './connections.ts'
import type { Entries } from './entries.ts'
import type { Sql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { StoredEntry } from './protocol.ts'

const CREATE_BLOBS = `CREATE TABLE IF NOT EXISTS blobs (
  name TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  noted_at INTEGER NOT NULL
) WITHOUT ROWID`

/**
 * The blobs that KV does not drop by itself, noted before they are written. What no entry points to is looked for by the
 * sweep, whatever became of the entry: replaced, deleted, cleared, or never stored.
 */
export class BlobNames {
  readonly #sql: Sql
  readonly #entries: Entries
  /** How far the sweep under way has come. */
  #sweptTo = ''

  constructor(sql: Sql, entries: Entries) {
    this.#sql = sql
    this.#entries = entries
    sql.exec(CREATE_BLOBS)
  }

  note(name: string, key: string, now: number): void {
    this.#sql.exec(
      'INSERT INTO blobs VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET key = excluded.key',
      name,
      key,
      now,
    )
  }

  get isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM blobs LIMIT 1').toArray().length === 0
  }

  /** Follows a blob to the key that points to it now. */
  follow(key: string, entry: StoredEntry): void {
    const blob = blobOf(entry)
    if (blob !== undefined && blob.until === null) this.note(blob.name, key, blob.at)
  }

  /**
   * Deletes up to `most` that nothing points to, of those noted before `limit`, and looks only at so many that no caller waits
   * long. Gives whether there may be more.
   */
  async sweep(kv: CacheKVNamespace, limit: number, most: number): Promise<boolean> {
    const noted = this.#sql
      .exec<Noted>(
        'SELECT name, key FROM blobs WHERE name > ? AND noted_at < ? ORDER BY name LIMIT ?',
        this.#sweptTo,
        limit,
        LOOKED_AT,
      )
      .toArray()
    const orphans = noted.filter(({ name, key }) => blobOf(this.#entries.get(key))?.name !== name)
    if (orphans.length <= most) this.#sweptTo = noted.length < LOOKED_AT ? '' : (noted.at(-1)?.name ?? '')
    const [fault] = await withEach(orphans.slice(0, most), async ({ name }) => {
      await kv.delete(name)
      this.#sql.exec('DELETE FROM blobs WHERE name = ?', name)
    })
    if (fault !== undefined) throw fault
    return orphans.length > most || this.#sweptTo !== ''
  }
}

const LOOKED_AT = 2_000

type Noted = { name: string; key: string }

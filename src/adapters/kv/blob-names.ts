import { type BlobPointer, blobOf } from './blob-pointer.ts'
import { withEach } from './connections.ts'
import type { Entries } from './entries.ts'
import type { Sql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { StoredChange, StoredEntry } from './protocol.ts'
import { BLOB_CLEANUP_MS, BLOB_RESERVATION_MS, KV_DROP_DELAY_MS } from './sweep-time.ts'

const CREATE_NOTES = `CREATE TABLE IF NOT EXISTS blob_notes (
  name TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  noted_at INTEGER NOT NULL,
  until INTEGER
) WITHOUT ROWID`

export interface BlobSweep {
  /** True if more is to be done now. */
  readonly isMore: boolean
  /** Epoch milliseconds at which there may be more; `null` = not before an entry changes. */
  readonly next: number | null
}

/**
 * Keeps the names of the blobs that KV does not drop within the hour by itself. The sweep deletes those that no entry points to: the
 * entry was replaced, deleted, cleared, has expired, or was never stored.
 */
export class BlobNames {
  readonly #sql: Sql
  readonly #entries: Entries
  /** False while there are no blobs, so that a cache of small values reads no rows for them. */
  #mayBeAny: boolean
  /** The last name seen by the sweep under way. */
  #sweptTo = ''
  /** When the first blob that was too young is to be looked at again. */
  #next: number | null = null

  constructor(sql: Sql, entries: Entries) {
    this.#sql = sql
    this.#entries = entries
    this.#create()
    this.#mayBeAny = !this.#isEmpty
  }

  get mayBeAny(): boolean {
    return this.#mayBeAny
  }

  /** Call before a blob is written that KV will not drop. */
  reserve(name: string, key: string, now: number): void {
    this.#note({ name, until: null }, key, now)
  }

  /** Records the blobs of changes, including refused ones, and of entries that were moved. Returns whether there were any. */
  noteAll(
    changes: readonly StoredChange[],
    stored: Iterable<readonly [key: string, entry: StoredEntry]>,
    now: number,
  ): boolean {
    const noted = new Map<string, { readonly blob: BlobPointer; readonly key: string }>()
    const add = (key: string, entry: StoredEntry | undefined) => {
      const blob = blobOf(entry)
      if (blob !== undefined && isKeptBeyond(now + BLOB_CLEANUP_MS, blob)) noted.set(blob.name, { blob, key })
    }
    for (const { key, op, blob } of changes) {
      if ('entry' in op) add(key, op.entry)
      if (blob?.to !== undefined) add(key, { value: blob.to, expiresAt: null })
    }
    for (const [key, entry] of stored) add(key, entry)
    for (const { blob, key } of noted.values()) this.#note(blob, key, now)
    return noted.size > 0
  }

  /** Keeps the blob of an entry that `pop` removed, since its caller is about to read it. */
  spare(entry: StoredEntry, now: number): void {
    const blob = blobOf(entry)
    if (blob !== undefined && this.#mayBeAny) {
      this.#sql.exec('UPDATE blob_notes SET noted_at = ? WHERE name = ?', now, blob.name)
    }
  }

  /** Deletes up to `most` blobs without an entry. Looks at a limited number, so that no caller waits long. */
  async sweep(kv: CacheKVNamespace, now: number, most: number): Promise<BlobSweep> {
    if (this.#sweptTo === '') this.#next = null
    const notes = this.#sql
      .exec<Note>(
        'SELECT * FROM blob_notes WHERE name > ? ORDER BY name LIMIT ?',
        this.#sweptTo,
        MAX_NOTES_PER_SWEEP,
      )
      .toArray()
    const orphans = notes.filter(({ name, key }) => blobOf(this.#entries.get(key))?.name !== name)
    const old: Note[] = []
    for (const orphan of orphans) {
      const due = orphan.noted_at + BLOB_RESERVATION_MS
      if (due <= now) old.push(orphan)
      else this.#next = Math.min(this.#next ?? due, due)
    }
    const left = old.filter((orphan) => {
      // KV has dropped it by itself, and a delete is billed.
      const isDropped = !isKeptBeyond(now - KV_DROP_DELAY_MS, orphan)
      if (isDropped) this.#forget(orphan.name)
      return !isDropped
    })
    const isMore = left.length > most || notes.length === MAX_NOTES_PER_SWEEP
    this.#sweptTo = left.length > most ? this.#sweptTo : isMore ? (notes.at(-1)?.name ?? '') : ''
    const [fault] = await withEach(left.slice(0, most), async ({ name }) => {
      await kv.delete(name)
      this.#forget(name)
    })
    if (fault !== undefined) {
      this.#sweptTo = ''
      throw fault
    }
    if (!isMore) this.#mayBeAny = !this.#isEmpty
    return { isMore, next: this.#next }
  }

  #note({ name, until }: Pick<BlobPointer, 'name' | 'until'>, key: string, now: number): void {
    this.#mayBeAny = true
    this.#sql.exec(
      `INSERT INTO blob_notes VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET key = excluded.key WHERE key <> excluded.key`,
      name,
      key,
      now,
      until,
    )
  }

  #forget(name: string): void {
    this.#sql.exec('DELETE FROM blob_notes WHERE name = ?', name)
  }

  get #isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM blob_notes LIMIT 1').toArray().length === 0
  }

  #create(): void {
    this.#sql.exec(CREATE_NOTES)
    const earlier = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'blobs'"
    if (this.#sql.exec(earlier).toArray().length === 0) return
    // An earlier version recorded only blobs that never expire.
    this.#sql.exec('INSERT OR IGNORE INTO blob_notes SELECT name, key, noted_at, NULL FROM blobs')
    this.#sql.exec('DROP TABLE blobs')
  }
}

function isKeptBeyond(time: number, { until }: Pick<BlobPointer, 'until'>): boolean {
  return until === null || until > time
}

const MAX_NOTES_PER_SWEEP = 2_000

type Note = { name: string; key: string; noted_at: number; until: number | null }

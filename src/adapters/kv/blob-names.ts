import { type BlobPointer, blobOf } from './blob-pointer.ts'
import { withEach } from './connections.ts'
import type { Entries } from './entries.ts'
import type { Sql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { StoredChange, StoredEntry } from './protocol.ts'
import { CLEANED_UP_WITHIN, DROPPED_WITHIN, RESERVED } from './sweep-time.ts'

const CREATE_NOTES = `CREATE TABLE IF NOT EXISTS blob_notes (
  name TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  noted_at INTEGER NOT NULL,
  until INTEGER
) WITHOUT ROWID`

export interface BlobSweep {
  /** Whether there is more to be done now. */
  readonly isMore: boolean
  /** Epoch milliseconds at which there may be more; `null` = when an entry has changed. */
  readonly next: number | null
}

/**
 * The blobs that KV does not drop within the hour by itself. The sweep deletes those that no entry points to, whatever became of the
 * entry: replaced, deleted, cleared, expired, or never stored.
 */
export class BlobNames {
  readonly #sql: Sql
  readonly #entries: Entries
  /** Whether there may be any: who writes only small values must not pay for a look. */
  #mayBeAny: boolean
  /** How far the sweep under way has come. */
  #sweptTo = ''
  /** When the first of the blobs passed over so far, as too young, is to be looked at again. */
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

  /** A blob that KV will not drop is about to be written. */
  reserve(name: string, key: string, now: number): void {
    this.#note({ name, until: null }, key, now)
  }

  /**
   * Notes the blobs that came with changes, also with refused ones, and has the notes follow entries that were moved. Gives whether
   * there were any.
   */
  noteAll(
    changes: readonly StoredChange[],
    stored: Iterable<readonly [key: string, entry: StoredEntry]>,
    now: number,
  ): boolean {
    const noted = new Map<string, { readonly blob: BlobPointer; readonly key: string }>()
    const add = (key: string, entry: StoredEntry | undefined) => {
      const blob = blobOf(entry)
      if (blob !== undefined && isKeptBeyond(now + CLEANED_UP_WITHIN, blob))
        noted.set(blob.name, { blob, key })
    }
    for (const { key, op, blob } of changes) {
      if (op.kind === 'set' || op.kind === 'add') add(key, op.entry)
      if (blob?.to !== undefined) add(key, { value: blob.to, expiresAt: null })
    }
    for (const [key, entry] of stored) add(key, entry)
    for (const { blob, key } of noted.values()) this.#note(blob, key, now)
    return noted.size > 0
  }

  /** What an entry pointed to that was just taken out is about to be read, and must not be deleted before. */
  spare(entry: StoredEntry, now: number): void {
    const blob = blobOf(entry)
    if (blob !== undefined && this.#mayBeAny) {
      this.#sql.exec('UPDATE blob_notes SET noted_at = ? WHERE name = ?', now, blob.name)
    }
  }

  /** Deletes up to `most` blobs that nothing points to, and looks only at so many that no caller waits long. */
  async sweep(kv: CacheKVNamespace, now: number, most: number): Promise<BlobSweep> {
    if (this.#sweptTo === '') this.#next = null
    const notes = this.#sql
      .exec<Note>('SELECT * FROM blob_notes WHERE name > ? ORDER BY name LIMIT ?', this.#sweptTo, LOOKED_AT)
      .toArray()
    const orphans = notes.filter(({ name, key }) => blobOf(this.#entries.get(key))?.name !== name)
    const old: Note[] = []
    for (const orphan of orphans) {
      const due = orphan.noted_at + RESERVED
      if (due <= now) old.push(orphan)
      else this.#next = Math.min(this.#next ?? due, due)
    }
    const left = old.filter((orphan) => {
      // KV has dropped it by itself: a delete would only cost.
      const isDropped = !isKeptBeyond(now - DROPPED_WITHIN, orphan)
      if (isDropped) this.#forget(orphan.name)
      return !isDropped
    })
    const isMore = left.length > most || notes.length === LOOKED_AT
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
    // Those that an earlier version noted, which were those that never expire.
    this.#sql.exec('INSERT OR IGNORE INTO blob_notes SELECT name, key, noted_at, NULL FROM blobs')
    this.#sql.exec('DROP TABLE blobs')
  }
}

function isKeptBeyond(time: number, { until }: Pick<BlobPointer, 'until'>): boolean {
  return until === null || until > time
}

const LOOKED_AT = 2_000

type Note = { name: string; key: string; noted_at: number; until: number | null }

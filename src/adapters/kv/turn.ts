import type { Entry, Outcome } from '../../core/adapter.ts'
import { isLive, step } from '../../core/decide.ts'
import { type BlobPointer, blobOf } from './blob-pointer.ts'
import type { Entries } from './entries.ts'
import type { StoredChange, StoredEntry, StoredOutcome } from './protocol.ts'

/** One turn at the owner: what the changes of a call come to, each key read once and written once. */
export class Turn {
  readonly #entries: Entries
  readonly #seen = new Map<string, StoredEntry | undefined>()
  readonly #written = new Set<string>()
  readonly #numbers = new Set<string>()

  constructor(entries: Entries) {
    this.#entries = entries
  }

  /** Decides a change. Refusals are answers, never exceptions. */
  decide({ key, op, blob }: StoredChange, now: number): StoredOutcome {
    if (blob !== undefined) {
      // Written over since: what was asked for came before that.
      if (blobOf(this.get(key))?.name !== blob.from) return OK
      if (blob.to !== undefined) this.#replaceValue(key, blob.to)
    }
    if (op.kind === 'touch') {
      const entry = this.get(key)
      if (isLive(entry, now) && isOutlived(blobOf(entry), op.expiresAt)) {
        return { ok: false, reason: 'outlived', entry: entry as StoredEntry }
      }
    }
    return step(this, key, op, now)
  }

  /** How many keys are to be stored or removed. */
  get size(): number {
    return this.#written.size
  }

  /** Stores what is left of it all. */
  write(): void {
    for (const key of this.#written) {
      const entry = this.#seen.get(key)
      if (entry === undefined) this.#entries.delete(key)
      else this.#entries.put(key, entry)
    }
  }

  /** Those of the keys concerned that may have a copy: one that held a number has none. */
  *copied(): Iterable<string> {
    for (const key of this.#written) if (!this.#numbers.has(key)) yield key
  }

  /** Those of the keys concerned that have an entry now. */
  *stored(): Iterable<readonly [key: string, entry: StoredEntry]> {
    for (const key of this.#written) {
      const entry = this.#seen.get(key)
      if (entry !== undefined) yield [key, entry]
    }
  }

  get(key: string): StoredEntry | undefined {
    if (this.#seen.has(key)) return this.#seen.get(key)
    const entry = this.#entries.get(key)
    if (typeof entry?.value === 'number') this.#numbers.add(key)
    this.#seen.set(key, entry)
    return entry
  }

  set(key: string, entry: Entry): void {
    this.#seen.set(key, entry as StoredEntry)
    this.#written.add(key)
  }

  delete(key: string): void {
    this.#seen.set(key, undefined)
    this.#written.add(key)
  }

  #replaceValue(key: string, value: StoredEntry['value']): void {
    const entry = this.get(key)
    if (entry !== undefined) this.#seen.set(key, { ...entry, value })
  }
}

const OK: Outcome = { ok: true }

/** Whether an entry with this deadline would live longer than its blob. */
function isOutlived(blob: BlobPointer | undefined, expiresAt: number | null): boolean {
  if (blob === undefined || blob.until === null) return false
  return expiresAt === null || expiresAt > blob.until
}

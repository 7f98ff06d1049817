import type { Entry, Outcome } from '../../core/adapter.ts'
import { isLive, step } from '../../core/operations.ts'
import { type BlobPointer, blobOf } from './blob-pointer.ts'
import type { Entries } from './entries.ts'
import type { StoredChange, StoredEntry, StoredOutcome } from './protocol.ts'

interface Slot {
  entry: StoredEntry | undefined
  /** The last clear that the owner knew of when the value was stored; `undefined` = all that it knows of now. */
  generation: number | undefined
  /** A number has no replica. */
  readonly wasNumber: boolean
  isWritten: boolean
}

/** Collects what the changes of one call come to, so that each key is read once and written once. */
export class WriteBuffer {
  readonly #entries: Entries
  readonly #slots = new Map<string, Slot>()
  #size = 0
  /** The key whose generation the next entry inherits, if the operation changes a stored entry. */
  #source: string | undefined

  constructor(entries: Entries) {
    this.#entries = entries
  }

  decide({ key, op, blob }: StoredChange, now: number): StoredOutcome {
    if (blob !== undefined) {
      // The value was replaced meanwhile, and the change was meant for the former one.
      if (blobOf(this.get(key))?.name !== blob.from) return OK
      if (blob.to !== undefined) this.#replaceValue(key, blob.to)
    }
    if ('expiresAt' in op) {
      const entry = this.get(key)
      if (isLive(entry, now) && isOutlived(blobOf(entry), op.expiresAt)) {
        return { ok: false, reason: 'outlived', entry }
      }
    }
    this.#source = 'entry' in op ? undefined : key
    return step(this, key, op, now)
  }

  /** The number of keys to store or remove. */
  get size(): number {
    return this.#size
  }

  write(): void {
    for (const [key, { entry, generation, isWritten }] of this.#slots) {
      if (!isWritten) continue
      if (entry === undefined) this.#entries.delete(key)
      else this.#entries.put(key, entry, generation)
    }
  }

  /** The written keys that may have a replica. */
  replicated(): string[] {
    const keys: string[] = []
    for (const [key, { isWritten, wasNumber }] of this.#slots) if (isWritten && !wasNumber) keys.push(key)
    return keys
  }

  /** The entries to store. */
  *stored(): Iterable<readonly [key: string, entry: StoredEntry]> {
    for (const [key, { entry, isWritten }] of this.#slots) {
      if (isWritten && entry !== undefined) yield [key, entry]
    }
  }

  get(key: string): StoredEntry | undefined {
    const slot = this.#slots.get(key)
    if (slot !== undefined) return slot.entry
    const { entry, generation } = this.#entries.find(key) ?? {}
    this.#slots.set(key, { entry, generation, wasNumber: typeof entry?.value === 'number', isWritten: false })
    return entry
  }

  set(key: string, entry: Entry): void {
    this.#put(key, entry as StoredEntry)
  }

  delete(key: string): void {
    this.#put(key, undefined)
  }

  #put(key: string, entry: StoredEntry | undefined): void {
    const slot = this.#slots.get(key)
    const generation = this.#source === undefined ? undefined : this.#slots.get(this.#source)?.generation
    if (slot?.isWritten !== true) this.#size += 1
    this.#slots.set(key, { entry, generation, wasNumber: slot?.wasNumber ?? false, isWritten: true })
  }

  #replaceValue(key: string, value: StoredEntry['value']): void {
    const slot = this.#slots.get(key)
    if (slot?.entry !== undefined) slot.entry = { ...slot.entry, value }
  }
}

const OK: Outcome = { ok: true }

/** True if an entry with this deadline would outlive its blob. */
function isOutlived(blob: BlobPointer | undefined, expiresAt: number | null): boolean {
  if (blob === undefined || blob.until === null) return false
  return expiresAt === null || expiresAt > blob.until
}

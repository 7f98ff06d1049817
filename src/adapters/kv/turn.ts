import type { Entry, Outcome } from '../../core/adapter.ts'
import { isLive } from '../../core/liveness.ts'
import { step } from '../../core/step.ts'
import { type BlobPointer, blobOf } from './blob-pointer.ts'
import type { Entries } from './entries.ts'
import type { StoredChange, StoredEntry, StoredOutcome } from './protocol.ts'

interface Slot {
  entry: StoredEntry | undefined
  /** The last clear that its owner knew of when the value was stored; `undefined` = all that it knows of now. */
  generation: number | undefined
  /** Whether it held a number when it was read: then it has no copy. */
  readonly wasNumber: boolean
  isWritten: boolean
}

/** One turn at the owner: what the changes of a call come to, each key read once and written once. */
export class Turn {
  readonly #entries: Entries
  readonly #slots = new Map<string, Slot>()
  #size = 0
  /** The key whose entry the next one is made of, if it does not replace it. */
  #source: string | undefined

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
    this.#source = op.kind === 'set' || op.kind === 'add' ? undefined : key
    return step(this, key, op, now)
  }

  /** How many keys are to be stored or removed. */
  get size(): number {
    return this.#size
  }

  /** Stores what is left of it all. */
  write(): void {
    for (const [key, { entry, generation, isWritten }] of this.#slots) {
      if (!isWritten) continue
      if (entry === undefined) this.#entries.delete(key)
      else this.#entries.put(key, entry, generation)
    }
  }

  /** Those of the keys concerned that may have a copy. */
  copied(): string[] {
    const keys: string[] = []
    for (const [key, { isWritten, wasNumber }] of this.#slots) if (isWritten && !wasNumber) keys.push(key)
    return keys
  }

  /** Those of the keys concerned that have an entry now. */
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
    this.#leave(key, entry as StoredEntry)
  }

  delete(key: string): void {
    this.#leave(key, undefined)
  }

  #leave(key: string, entry: StoredEntry | undefined): void {
    const slot = this.#slots.get(key)
    const generation = this.#source === undefined ? undefined : this.#slots.get(this.#source)?.generation
    if (slot?.isWritten !== true) this.#size += 1
    if (slot === undefined) {
      this.#slots.set(key, { entry, generation, wasNumber: false, isWritten: true })
    } else {
      slot.entry = entry
      slot.generation = generation
      slot.isWritten = true
    }
  }

  #replaceValue(key: string, value: StoredEntry['value']): void {
    const slot = this.#slots.get(key)
    if (slot?.entry !== undefined) slot.entry = { ...slot.entry, value }
  }
}

const OK: Outcome = { ok: true }

/** Whether an entry with this deadline would live longer than its blob. */
function isOutlived(blob: BlobPointer | undefined, expiresAt: number | null): boolean {
  if (blob === undefined || blob.until === null) return false
  return expiresAt === null || expiresAt > blob.until
}

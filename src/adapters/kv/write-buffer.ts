import type { Claim, Entry, Outcome } from '../../core/adapter.ts'
import { isLive, isPlaceholder, staleUntil, step, unclaimed } from '../../core/operations.ts'
import { type BlobPointer, blobOf } from './blob-pointer.ts'
import type { Entries } from './entries.ts'
import type { OwnerClaims } from './owner-claims.ts'
import type { StoredChange, StoredEntry, StoredOutcome } from './protocol.ts'

interface Slot {
  /** Without its claim. */
  entry: StoredEntry | undefined
  claim: Claim | undefined
  /** The last clear that the owner knew of when the value was stored; `undefined` = all that it knows of now. */
  generation: number | undefined
  /** A number has no replica. */
  readonly wasNumber: boolean
  isWritten: boolean
  isClaimChanged: boolean
}

/** Collects what the changes of one call come to, so that each key is read once and written once. */
export class WriteBuffer {
  readonly #entries: Entries
  readonly #claims: OwnerClaims
  /** The owner's time in epoch milliseconds. */
  readonly #at: number
  readonly #slots = new Map<string, Slot>()
  #size = 0
  /** The key whose generation the next entry inherits, if the operation changes a stored entry. */
  #source: string | undefined

  constructor(entries: Entries, claims: OwnerClaims, at: number) {
    this.#entries = entries
    this.#claims = claims
    this.#at = at
  }

  decide({ key, op, blob }: StoredChange, now: number): StoredOutcome {
    if (blob !== undefined) {
      // The value was replaced meanwhile, and the change was meant for the former one.
      if (blobOf(this.get(key))?.name !== blob.from) return OK
      if (blob.to !== undefined) this.#replaceValue(key, blob.to)
    }
    if ('expiresAt' in op) {
      const entry = this.get(key)
      if (
        isLive(entry, now) &&
        isOutlived(blobOf(entry), staleUntil({ ...entry, expiresAt: op.expiresAt }))
      ) {
        return { ok: false, reason: 'outlived', entry: unclaimed(entry) as StoredEntry }
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

  /** Call once the entries are stored. New claims end at `leaseUntil`, unless they are renewed. */
  claim(leaseUntil: number): void {
    for (const [key, { claim, isClaimChanged }] of this.#slots) {
      if (isClaimChanged) this.#claims.set(key, claim, leaseUntil)
    }
  }

  /** The written keys that may have a replica. */
  replicated(): string[] {
    const keys: string[] = []
    for (const [key, { isWritten, wasNumber }] of this.#slots) if (isWritten && !wasNumber) keys.push(key)
    return keys
  }

  /** The entries to store. */
  *written(): Iterable<readonly [key: string, entry: StoredEntry]> {
    for (const [key, { entry, isWritten }] of this.#slots) {
      if (isWritten && entry !== undefined) yield [key, entry]
    }
  }

  get(key: string): StoredEntry | undefined {
    const { entry, claim } = this.#slots.get(key) ?? this.#read(key)
    return claim === undefined ? entry : { ...(entry ?? NO_ENTRY), claim }
  }

  set(key: string, entry: Entry): void {
    const { claim } = entry
    this.#put(key, isPlaceholder(entry) ? undefined : (unclaimed(entry) as StoredEntry), claim)
  }

  delete(key: string): void {
    this.#put(key, undefined, undefined)
  }

  #read(key: string): Slot {
    const { entry, generation } = this.#entries.find(key) ?? {}
    const wasNumber = typeof entry?.value === 'number'
    const claim = this.#claims.get(key, this.#at)
    const slot = { entry, claim, generation, wasNumber, isWritten: false, isClaimChanged: false }
    this.#slots.set(key, slot)
    return slot
  }

  #put(key: string, entry: StoredEntry | undefined, claim: Claim | undefined): void {
    const before = this.#slots.get(key)
    const held = before === undefined ? this.#claims.get(key, this.#at) : before.claim
    const isClaimChanged = before?.isClaimChanged === true || held !== claim
    if (before !== undefined && isSame(before.entry, entry)) {
      this.#slots.set(key, { ...before, claim, isClaimChanged })
      return
    }
    const generation = this.#source === undefined ? undefined : this.#slots.get(this.#source)?.generation
    if (before?.isWritten !== true) this.#size += 1
    const wasNumber = before?.wasNumber ?? false
    this.#slots.set(key, { entry, claim, generation, wasNumber, isWritten: true, isClaimChanged })
  }

  #replaceValue(key: string, value: StoredEntry['value']): void {
    const slot = this.#slots.get(key)
    if (slot?.entry !== undefined) slot.entry = { ...slot.entry, value }
  }
}

const OK: Outcome = { ok: true }

/** Stands for the entry of a key that is claimed and has none. */
export const NO_ENTRY: StoredEntry = Object.freeze({ value: 0, expiresAt: Number.NEGATIVE_INFINITY })

/** True if nothing need be written: an operation that only claims a load leaves the parts of the entry as they are. */
function isSame(before: StoredEntry | undefined, entry: StoredEntry | undefined): boolean {
  return (
    before?.value === entry?.value &&
    before?.expiresAt === entry?.expiresAt &&
    before?.metadata === entry?.metadata
  )
}

/** True if an entry that is kept until then would outlive its blob. */
function isOutlived(blob: BlobPointer | undefined, keptUntil: number | null): boolean {
  if (blob === undefined || blob.until === null) return false
  return keptUntil === null || keptUntil > blob.until
}

import type { Claim, Entry, Metadata } from '../../core/adapter.ts'

/** What an entry has in addition to a value and a deadline. */
export interface SideRecord<B> {
  readonly bucket: B
  readonly userKey: string
  readonly metadata: Metadata | undefined
  readonly claim: Claim | undefined
}

/**
 * The metadata and claims of the entries that have any, by slot, and an index of their tags. `B` is the bucket
 * of an entry, for those who know only its slot.
 */
export class SideRecords<B> {
  readonly #records = new Map<number, SideRecord<B>>()
  readonly #slotsByTag = new Map<string, Set<number>>()
  readonly #claimed = new Set<number>()

  get(slot: number): SideRecord<B> | undefined {
    return this.#records.get(slot)
  }

  isClaimed(slot: number): boolean {
    return this.#claimed.has(slot)
  }

  /** Replaces the record of a slot. Removes it if the entry has neither metadata nor a claim. */
  set(slot: number, bucket: B, userKey: string, { metadata, claim }: Entry): void {
    if (metadata === undefined && claim === undefined) {
      this.delete(slot)
      return
    }
    this.#index(slot, this.#records.get(slot)?.metadata?.tags, metadata?.tags)
    if (claim === undefined) this.#claimed.delete(slot)
    else this.#claimed.add(slot)
    this.#records.set(slot, { bucket, userKey, metadata, claim })
  }

  delete(slot: number): void {
    const record = this.#records.get(slot)
    if (record === undefined) return
    this.#index(slot, record.metadata?.tags, undefined)
    this.#claimed.delete(slot)
    this.#records.delete(slot)
  }

  /** The slots of the entries that have one of the tags, and of those that are claimed. */
  affectedBy(tags: readonly string[]): Set<number> {
    const slots = new Set(this.#claimed)
    for (const tag of tags) for (const slot of this.#slotsByTag.get(tag) ?? []) slots.add(slot)
    return slots
  }

  /** How much is stored, for tests. */
  get counts(): { readonly records: number; readonly tags: number; readonly claims: number } {
    return { records: this.#records.size, tags: this.#slotsByTag.size, claims: this.#claimed.size }
  }

  #index(slot: number, before: readonly string[] = [], after: readonly string[] = []): void {
    if (before === after) return
    for (const tag of before) {
      const slots = this.#slotsByTag.get(tag)
      slots?.delete(slot)
      if (slots?.size === 0) this.#slotsByTag.delete(tag)
    }
    for (const tag of after) {
      const slots = this.#slotsByTag.get(tag)
      if (slots === undefined) this.#slotsByTag.set(tag, new Set([slot]))
      else slots.add(slot)
    }
  }
}

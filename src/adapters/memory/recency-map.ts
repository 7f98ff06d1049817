import type { Entry, Op } from '../../core/adapter.ts'
import type { Place } from '../../core/decide.ts'

/**
 * Entries, the least recently used first, culled by Django's rule: a write that finds `maxEntries` or more first drops
 * `floor(entries / cullFrequency)` of the oldest, expired or not; `cullFrequency` 0 drops all.
 * https://docs.djangoproject.com/en/5.2/topics/cache/#cache-arguments
 */
export class RecencyMap implements Place {
  readonly #entries = new Map<string, Entry>()
  readonly #maxEntries: number
  readonly #cullFrequency: number

  constructor(maxEntries: number, cullFrequency: number) {
    this.#maxEntries = maxEntries
    this.#cullFrequency = cullFrequency
  }

  /** Reads without counting it as a use. */
  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** Reads, and makes the entry the most recently used. */
  use(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set(key: string, entry: Entry, why: Op['kind']): void {
    if (why === 'touch') {
      // Not a use, and nothing new: it keeps its place in the order.
      this.#entries.set(key, entry)
      return
    }
    if (this.#entries.size >= this.#maxEntries) this.#cull()
    this.#entries.delete(key)
    this.#entries.set(key, entry)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(scope: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(scope)) this.#entries.delete(key)
  }

  #cull(): void {
    const { size } = this.#entries
    let excess = this.#cullFrequency === 0 ? size : Math.floor(size / this.#cullFrequency)
    for (const key of this.#entries.keys()) {
      if (excess === 0) return
      this.#entries.delete(key)
      excess -= 1
    }
  }
}

import type { Adapter, Change, Entry, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import { copyOf } from '../../core/snapshot.ts'
import type { CacheChange } from './announcements.ts'
import type { IndexedDBAdapter } from './index.ts'

/** An adapter that can tell whether it works here. */
interface Opening extends IndexedDBAdapter {
  open(): Promise<void>
}

/** IndexedDB, or what the user wants instead where there is none. Found out once, by the first call. */
export class WithFallback implements IndexedDBAdapter {
  readonly name: string
  readonly supports: Supports
  readonly #adapter: Opening
  readonly #fallback: (reason: unknown) => Adapter
  #chosen: Promise<Adapter> | undefined

  constructor(adapter: Opening, fallback: (reason: unknown) => Adapter) {
    this.name = adapter.name
    this.supports = adapter.supports
    this.#adapter = adapter
    this.#fallback = fallback
  }

  #choose(): Promise<Adapter> {
    this.#chosen ??= this.#adapter.open().then(
      () => this.#adapter,
      (reason: unknown) => this.#fallback(reason),
    )
    return this.#chosen
  }

  async read(
    keys: readonly string[],
    now: number,
    wanted: Wanted,
    fresh?: boolean,
  ): Promise<readonly (Entry | undefined)[]> {
    const chosen = await this.#choose()
    const entries = await chosen.read(keys, now, wanted, fresh)
    // Declared is what IndexedDB does: each reader gets objects of its own.
    if (chosen.supports.values === 'fresh') return entries
    return entries.map((entry, index) => entry && { ...entry, value: copyOf(entry.value, keys[index] ?? '') })
  }

  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    return (await this.#choose()).commit(changes, now)
  }

  async clear(scope: string): Promise<void> {
    return (await this.#choose()).clear(scope)
  }

  async close(): Promise<void> {
    return (await this.#chosen)?.close()
  }

  async sweep(now?: number): Promise<number> {
    return (await this.#choose()) === this.#adapter ? this.#adapter.sweep(now) : 0
  }

  subscribe(listener: (change: CacheChange) => void): () => void {
    return this.#adapter.subscribe(listener)
  }

  persist(): Promise<boolean> {
    return this.#adapter.persist()
  }
}

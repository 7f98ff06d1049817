import type { Adapter, Change, Entry, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import { isCacheError } from '../../core/errors.ts'
import { describeType } from '../../core/expiry.ts'
import { adapterFailed } from '../../core/outcomes.ts'
import { copyOf } from '../../core/snapshot.ts'
import type { Announcements, CacheChange } from './announcements.ts'
import type { Report } from './faults.ts'
import type { IndexedDBAdapter, PlaceInUse } from './options.ts'
import type { OwnAdapter } from './own-adapter.ts'

type MakeFallback = (reason: unknown) => Adapter | PromiseLike<Adapter>

/** IndexedDB, or what the user wants instead where there is none. Found out once, by the first call. */
export class WithFallback implements IndexedDBAdapter {
  readonly #adapter: OwnAdapter
  readonly #makeFallback: MakeFallback
  readonly #announcements: Announcements
  readonly #report: Report
  #choosing: Promise<Adapter> | undefined
  #place: PlaceInUse

  constructor(adapter: OwnAdapter, makeFallback: MakeFallback, announcements: Announcements, report: Report) {
    this.#adapter = adapter
    this.#place = adapter
    this.#makeFallback = makeFallback
    this.#announcements = announcements
    this.#report = report
  }

  get name(): string {
    return this.#place.name
  }

  get supports(): Supports {
    return this.#place.supports
  }

  #choose(): Promise<Adapter> {
    if (this.#choosing === undefined) {
      this.#choosing = this.#chooseNow()
      // Without either, the next call tries again.
      this.#choosing.catch(() => {
        this.#choosing = undefined
      })
    }
    return this.#choosing
  }

  async #chooseNow(): Promise<Adapter> {
    let reason: unknown
    try {
      await this.#adapter.open()
      return this.#adapter
    } catch (error) {
      reason = error
    }
    // Somebody else's database is a mistake in the options: a fallback would hide it.
    if (isCacheError(reason, 'INVALID_CACHE')) throw reason
    let fallback: Adapter
    try {
      fallback = await this.#makeFallback(reason)
      if (typeof fallback?.commit !== 'function')
        throw new TypeError(`fallback must give an adapter: got ${describeType(fallback)}`)
      const { name, supports } = fallback
      // Each reader gets an object of its own here: see `read`.
      this.#place = { name, supports: { ...supports, values: 'fresh' } }
    } catch (error) {
      this.#report('fallback gave no adapter', error)
      throw reason
    }
    this.#announcements.keepInPage()
    return fallback
  }

  async ready(): Promise<PlaceInUse> {
    try {
      await this.#choose()
    } catch (cause) {
      throw adapterFailed(this, 'Opening the database', cause)
    }
    return this.#place
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
    const chosen = await this.#choose()
    const outcomes = await chosen.commit(changes, now)
    if (chosen !== this.#adapter) this.#announcements.committed(changes, outcomes)
    return outcomes
  }

  async clear(scope: string): Promise<void> {
    const chosen = await this.#choose()
    await chosen.clear(scope)
    if (chosen !== this.#adapter) this.#announcements.cleared(scope)
  }

  async close(): Promise<void> {
    // Where neither was to be had, there is nothing to close, and its callers were told.
    const chosen = await this.#choosing?.catch(() => undefined)
    await chosen?.close()
  }

  async sweep(now?: number): Promise<number> {
    return (await this.#choose()) === this.#adapter ? this.#adapter.sweep(now) : 0
  }

  subscribe(listener: (change: CacheChange) => void): () => void {
    return this.#announcements.subscribe(listener)
  }

  persist(): Promise<boolean> {
    return this.#adapter.persist()
  }
}

import type {
  Adapter,
  Change,
  ClaimReply,
  ClaimRequest,
  Entry,
  Invalidation,
  Outcome,
  StoreChange,
  Supports,
  Wanted,
} from '../../core/adapter.ts'
import { claimByCommit } from '../../core/claims.ts'
import { CacheError, isCacheError } from '../../core/errors.ts'
import { describeType } from '../../core/expiry.ts'
import { checkBag } from '../../core/options.ts'
import { adapterFailed } from '../../core/outcomes.ts'
import { copyOf } from '../../core/snapshot.ts'
import type { Announcements } from './announcements.ts'
import { type Report, reporter } from './faults.ts'
import type { IndexedDBAdapter, PlaceInUse } from './options.ts'

/** The options of {@link withFallback}. */
export interface FallbackOptions {
  /** Called with an `Error` if `makeFallback` throws or returns no adapter. Default: `console.warn`. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

type MakeFallback = (reason: unknown) => Adapter | PromiseLike<Adapter>

/**
 * An adapter that uses another one if the IndexedDB of `adapter` does not open, as in some private modes, where storage is
 * disabled, or after `openTimeout`. The first call decides, for as long as this object lives.
 *
 * `makeFallback` is called with the reason. If it throws, the call fails with the reason, and the next call tries both again.
 * It is not called for a database that is not nearcache's: that is `INVALID_CACHE`.
 *
 * @throws {TypeError} For an invalid argument.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { indexedDBAdapter, withFallback } from 'nearcache/indexeddb'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const adapter = withFallback(indexedDBAdapter({ name: 'app' }), () => memoryAdapter())
 * const cache = createCache({ adapter })
 * await cache.aset('answer', 42)
 * await cache.aget('answer') // 42
 * ```
 */
export function withFallback(
  adapter: IndexedDBAdapter,
  makeFallback: MakeFallback,
  options: FallbackOptions = {},
): IndexedDBAdapter {
  if (typeof adapter?.ready !== 'function')
    throw new TypeError(`withFallback takes an indexedDBAdapter(…): got ${describeType(adapter)}`)
  if (typeof makeFallback !== 'function')
    throw new TypeError(
      `withFallback takes a function that returns an adapter: got ${describeType(makeFallback)}`,
    )
  checkBag(options, ['onFault'], 'withFallback')
  return new AdapterWithFallback(adapter, makeFallback, reporter(options.onFault))
}

class AdapterWithFallback implements IndexedDBAdapter {
  readonly announcements: Announcements | undefined
  readonly #adapter: IndexedDBAdapter
  readonly #makeFallback: MakeFallback
  readonly #report: Report
  #choosing: Promise<Adapter> | undefined
  #place: PlaceInUse

  constructor(adapter: IndexedDBAdapter, makeFallback: MakeFallback, report: Report) {
    this.announcements = adapter.announcements
    this.#adapter = adapter
    this.#place = adapter
    this.#makeFallback = makeFallback
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
      // If neither works, the next call tries again.
      this.#choosing.catch(() => {
        this.#choosing = undefined
      })
    }
    return this.#choosing
  }

  async #chooseNow(): Promise<Adapter> {
    let reason: unknown
    try {
      await this.#adapter.ready()
      return this.#adapter
    } catch (error) {
      // That is a mistake in the options, which a fallback would hide.
      if (isCacheError(error, 'INVALID_CACHE')) throw error
      reason = isCacheError(error) ? error.cause : error
    }
    let fallback: Adapter
    try {
      fallback = await this.#makeFallback(reason)
      if (typeof fallback?.commit !== 'function')
        throw new TypeError(`withFallback needs an adapter: got ${describeType(fallback)}`)
      const { name, supports } = fallback
      // See `read`.
      this.#place = { name, supports: { ...supports, values: 'fresh' } }
    } catch (error) {
      this.#report('The fallback failed', error)
      throw reason
    }
    this.announcements?.keepInPage()
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
    claim?: ClaimRequest,
  ): Promise<readonly (Entry | undefined)[]> {
    const chosen = await this.#choose()
    const entries = await chosen.read(keys, now, wanted, fresh, claim)
    return entries.map((entry, index) => entry && ownEntry(chosen, keys[index] ?? '', entry))
  }

  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    const chosen = await this.#choose()
    const outcomes = await chosen.commit(changes, now)
    if (chosen !== this.#adapter) this.announcements?.committed(changes, outcomes)
    return outcomes
  }

  async clear(scope: string): Promise<void> {
    const chosen = await this.#choose()
    await chosen.clear(scope)
    if (chosen !== this.#adapter) this.announcements?.cleared(scope)
  }

  async claim(key: string, now: number, request: ClaimRequest): Promise<ClaimReply> {
    const chosen = await this.#choose()
    if (chosen === this.#adapter && chosen.claim !== undefined) return chosen.claim(key, now, request)
    // A fallback without claims of its own is used by this page alone, and the core lets one of its calls load at a time.
    const reply = await (chosen.claim?.(key, now, request) ??
      claimByCommit(chosen, key, now, request, { force: true }))
    if (reply.isGranted || reply.entry === undefined) return reply
    return { isGranted: false, entry: ownEntry(chosen, key, reply.entry) }
  }

  async deleteTags(tags: readonly string[], now: number, invalidation: Invalidation): Promise<void> {
    const chosen = await this.#choose()
    if (chosen.deleteTags === undefined)
      throw new CacheError('UNSUPPORTED', `the ${chosen.name} adapter has no tags`)
    await chosen.deleteTags(tags, now, invalidation)
    if (chosen !== this.#adapter) this.announcements?.invalidated(tags)
  }

  async *listKeys(scope: string, now: number): AsyncGenerator<readonly string[], void, undefined> {
    const chosen = await this.#choose()
    if (chosen.listKeys === undefined)
      throw new CacheError('UNSUPPORTED', `the ${chosen.name} adapter cannot list keys`)
    yield* chosen.listKeys(scope, now)
  }

  get readsClaims(): boolean | undefined {
    return this.#adapter.readsClaims
  }

  get subscribe(): ((listener: (change: StoreChange) => void) => () => void) | undefined {
    return this.#adapter.subscribe
  }

  async close(): Promise<void> {
    // If neither opened there is nothing to close, and the callers were told.
    const chosen = await this.#choosing?.catch(() => undefined)
    await chosen?.close()
  }

  async sweep(now?: number): Promise<number> {
    return (await this.#choose()) === this.#adapter ? this.#adapter.sweep(now) : 0
  }

  persist(): Promise<boolean> {
    return this.#adapter.persist()
  }
}

/** A cache reads `supports.values` when it is made: as with IndexedDB, each reader gets an object of its own. */
function ownEntry({ supports }: Adapter, key: string, entry: Entry): Entry {
  return supports.values === 'fresh' ? entry : { ...entry, value: copyOf(entry.value, key) }
}

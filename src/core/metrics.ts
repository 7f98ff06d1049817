/** What happened in a cache, for metrics. Times are in seconds. Keys are the caller's own. */
export type CacheEvent =
  /** A read found a live value, or did not. `agetMany` counts each key. */
  | { readonly kind: 'hit' | 'miss'; readonly method: string; readonly key: string }
  /** `agetOrSet` returned a stale value. `error`: because the load failed. */
  | { readonly kind: 'stale'; readonly method: string; readonly key: string; readonly error?: unknown }
  /** A loader has returned. `isStored` is false if its value was not stored. */
  | {
      readonly kind: 'loaded'
      readonly method: string
      readonly key: string
      readonly seconds: number
      readonly isRefresh: boolean
      readonly isStored: boolean
    }
  /** A loader has failed, or took longer than `hardTimeout`. */
  | {
      readonly kind: 'load-failed'
      readonly method: string
      readonly key: string
      readonly isRefresh: boolean
      readonly error: unknown
    }

/** How often a cache has answered, since it was created. Of one cache object in one process. */
export interface CacheStats {
  /** Keys that were live when they were read. */
  readonly hits: number
  /** Keys that were missing or expired when they were read. */
  readonly misses: number
  /** Stale values that `agetOrSet` returned. */
  readonly stale: number
  /** Loaders that returned. */
  readonly loads: number
  /** Loaders that failed. */
  readonly failedLoads: number
}

/** Counts what happens in a cache, and tells `onEvent`, if there is one. */
export class Metrics {
  readonly #onEvent: ((event: CacheEvent) => void) | undefined
  #hits = 0
  #misses = 0
  #stale = 0
  #loads = 0
  #failedLoads = 0

  constructor(onEvent: ((event: CacheEvent) => void) | undefined) {
    this.#onEvent = onEvent
  }

  /** One key was read. */
  read(isHit: boolean, method: string, key: string): void {
    if (isHit) this.#hits += 1
    else this.#misses += 1
    this.#onEvent?.({ kind: isHit ? 'hit' : 'miss', method, key })
  }

  stale(method: string, key: string, error?: unknown): void {
    this.#stale += 1
    this.#onEvent?.({ kind: 'stale', method, key, ...(error !== undefined && { error }) })
  }

  loaded(event: Omit<Extract<CacheEvent, { kind: 'loaded' }>, 'kind'>): void {
    this.#loads += 1
    this.#onEvent?.({ kind: 'loaded', ...event })
  }

  /** Returns true if someone was told. */
  loadFailed(event: Omit<Extract<CacheEvent, { kind: 'load-failed' }>, 'kind'>): boolean {
    this.#failedLoads += 1
    this.#onEvent?.({ kind: 'load-failed', ...event })
    return this.#onEvent !== undefined
  }

  get stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      stale: this.#stale,
      loads: this.#loads,
      failedLoads: this.#failedLoads,
    }
  }
}

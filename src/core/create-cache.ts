import type { Adapter } from './adapter.ts'
import { AsyncCache } from './cache.ts'
import { Calls } from './calls.ts'
import { type CacheOptions, resolveOptions } from './options.ts'
import { AdapterStore } from './store.ts'
import type { SyncAdapter, SyncCache } from './sync-cache.ts'
import type { TypedCache, TypedSyncCache } from './typed-cache.ts'

/**
 * Creates a cache on an adapter. Several caches may share one adapter if they differ in `keyPrefix`,
 * `version` or `keyFunction`. On the memory adapter the result is a {@link SyncCache}, which has sync methods
 * too. On other adapters it is an {@link AsyncCache}, which does not have them. Pass a type of keys and their
 * values to get a {@link TypedCache}.
 *
 * @throws {TypeError | RangeError} For invalid options. The message names the option.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const cache = createCache({ adapter: memoryAdapter(), keyPrefix: 'app', timeout: 60 })
 * await cache.aset('answer', 42)
 * await cache.aget('answer') // 42
 * ```
 */
export function createCache(options: CacheOptions<SyncAdapter>): SyncCache
/**
 * Creates a cache on an adapter: an {@link AsyncCache}, whose methods all return promises. Several caches may
 * share one adapter if they differ in `keyPrefix`, `version` or `keyFunction`. Timeouts are in seconds.
 *
 * @throws {TypeError | RangeError} For invalid options. The message names the option.
 */
export function createCache(options: CacheOptions): AsyncCache
/**
 * Creates a cache that checks the types of its keys and values at compile time: see {@link TypedCache}. This
 * one has sync methods.
 *
 * @throws {TypeError | RangeError} For invalid options. The message names the option.
 */
export function createCache<S extends object>(options: CacheOptions<SyncAdapter>): TypedSyncCache<S>
/**
 * Creates a cache that checks the types of its keys and values at compile time: see {@link TypedCache}.
 *
 * @throws {TypeError | RangeError} For invalid options. The message names the option.
 */
export function createCache<S extends object>(options: CacheOptions): TypedCache<S>
export function createCache(options: CacheOptions): object {
  const resolved = resolveOptions(options)
  const { adapter } = resolved
  if (isSync(adapter)) return adapter.createSyncCache(resolved, adapter)
  const calls = new Calls(resolved)
  return new AsyncCache(calls, new AdapterStore(calls))
}

function isSync(adapter: Adapter): adapter is SyncAdapter {
  return 'createSyncCache' in adapter
}

import type { Adapter } from './adapter.ts'
import { AsyncCache } from './cache.ts'
import { Calls } from './calls.ts'
import { type CacheOptions, resolveOptions } from './options.ts'
import { AdapterStore } from './store.ts'
import type { SyncAdapter, SyncCache } from './sync-cache.ts'
import type { TypedCache, TypedSyncCache } from './typed-cache.ts'

/**
 * Makes a cache over an adapter. Several caches may share one adapter, kept apart by `keyPrefix`, `version` or
 * `keyFunction`. The memory adapter gives a {@link SyncCache}, with sync twins; the others an {@link AsyncCache}, on which
 * those names do not exist. A type of keys and their values makes it a {@link TypedCache}.
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
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
 * Makes a cache over an adapter: an {@link AsyncCache}, whose methods all give promises. Several caches may share one
 * adapter, kept apart by `keyPrefix`, `version` or `keyFunction`. Timeouts are seconds.
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
 */
export function createCache(options: CacheOptions): AsyncCache
/**
 * Makes a cache that knows its keys and their values, for the compiler only: see {@link TypedCache}. This one has the
 * sync twins.
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
 */
export function createCache<S extends object>(options: CacheOptions<SyncAdapter>): TypedSyncCache<S>
/**
 * Makes a cache that knows its keys and their values, for the compiler only: see {@link TypedCache}.
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
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

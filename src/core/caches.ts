import type { Adapter } from './adapter.ts'
import { readOptions } from './arguments.ts'
import type { AsyncCache } from './cache.ts'
import { createCache } from './create-cache.ts'
import { ASYNC_DISPOSE } from './dispose.ts'
import { CacheError } from './errors.ts'
import { describeType } from './expiry.ts'
import { type CacheOptions, isPlainObject } from './options.ts'
import type { SyncAdapter, SyncCache } from './sync-cache.ts'

/** The options of a named cache, or a function that returns them when the cache is first requested. */
export type CacheConfig<A extends Adapter = Adapter> = CacheOptions<A> | (() => CacheOptions<A>)

/** The type of cache that {@link Caches.get} returns for a configuration. */
export type CacheOf<Config> = Config extends CacheConfig<SyncAdapter> ? SyncCache : AsyncCache

/** Named caches. Each is created when it is first requested, and stays the same object. */
export interface Caches<Configs extends Readonly<Record<string, CacheConfig>>> extends AsyncDisposable {
  /** @throws {CacheError} `INVALID_CACHE` for a name that is not configured, or for invalid options. */
  get<Name extends keyof Configs & string>(name: Name): CacheOf<Configs[Name]>
  /**
   * Returns all caches by name, and creates those that do not exist yet. With `initializedOnly`, only
   * existing ones.
   */
  all(options?: { readonly initializedOnly?: boolean | undefined }): Map<string, AsyncCache>
  /** Closes the caches that exist. Closes every one, even if another fails. */
  closeAll(): Promise<void>
}

/**
 * Several named caches in one place, as in Django's `CACHES`.
 *
 * Nothing is opened before it is used. On Workers, where bindings arrive with the request, call this in each
 * request. It creates only a few objects, and nothing of one request may be kept for another.
 * @example
 * ```ts
 * import { createCaches } from 'nearcache'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const caches = createCaches({
 *   default: { adapter: memoryAdapter(), timeout: 60 },
 *   sessions: () => ({ adapter: memoryAdapter({ maxEntries: 1_000 }), timeout: null }),
 * })
 * await caches.get('sessions').aset('ada', { cart: [] })
 * caches.get('sessions') === caches.get('sessions') // true
 * await caches.closeAll()
 * ```
 */
export function createCaches<const Configs extends Readonly<Record<string, CacheConfig>>>(
  configs: Configs,
): Caches<Configs> {
  if (!isPlainObject(configs)) {
    throw new TypeError(
      `createCaches takes an object of names and options, { default: { adapter } }: got ${describeType(configs)}`,
    )
  }
  const made = new Map<string, AsyncCache>()
  const names = Object.keys(configs)

  const get = (name: string): AsyncCache => {
    const known = made.get(name)
    if (known !== undefined) return known
    if (!Object.hasOwn(configs, name)) {
      throw new CacheError(
        'INVALID_CACHE',
        `get takes the name of a configured cache (${names.join(', ') || 'none'}): got "${String(name)}"`,
      )
    }
    const cache = make(name, configs[name] as CacheConfig)
    made.set(name, cache)
    return cache
  }

  const closeAll = async (): Promise<void> => {
    const results = await Promise.allSettled([...made.values()].map((cache) => cache.aclose()))
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    if (errors.length > 0)
      throw new AggregateError(errors, `Cannot close ${errors.length} of ${made.size} caches`)
  }

  return {
    get: get as Caches<Configs>['get'],
    all: (options) => {
      const { initializedOnly = false } = readOptions(options, ['initializedOnly'], 'all')
      const wanted = initializedOnly ? names.filter((name) => made.has(name)) : names
      return new Map(wanted.map((name) => [name, get(name)]))
    },
    closeAll,
    [ASYNC_DISPOSE]: closeAll,
  }
}

function make(name: string, config: CacheConfig): AsyncCache {
  try {
    return createCache(typeof config === 'function' ? config() : config)
  } catch (cause) {
    throw new CacheError('INVALID_CACHE', `Cannot create the cache "${name}": ${String(cause)}`, { cause })
  }
}

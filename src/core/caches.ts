import type { Adapter } from './adapter.ts'
import { readOptions } from './arguments.ts'
import type { AsyncCache } from './cache.ts'
import { createCache } from './create-cache.ts'
import { ASYNC_DISPOSE } from './dispose.ts'
import { CacheError } from './errors.ts'
import { describeType } from './expiry.ts'
import { type CacheOptions, isPlainObject } from './options.ts'
import type { SyncAdapter, SyncCache } from './sync-cache.ts'

/** A named cache's configuration, or what makes it when the cache is first asked for. */
export type CacheConfig<A extends Adapter = Adapter> = CacheOptions<A> | (() => CacheOptions<A>)

/** What {@link Caches.get} gives for a configuration. */
export type CacheOf<Config> = Config extends CacheConfig<SyncAdapter> ? SyncCache : AsyncCache

/** Named caches: each made when first asked for, and the same object ever after. */
export interface Caches<Configs extends Readonly<Record<string, CacheConfig>>> extends AsyncDisposable {
  /** @throws {CacheError} `INVALID_CACHE` for a name that is not configured, or a configuration that does not work. */
  get<Name extends keyof Configs & string>(name: Name): CacheOf<Configs[Name]>
  /** All caches under their names, made now where need be; with `initializedOnly` only those that exist already. */
  all(options?: { readonly initializedOnly?: boolean | undefined }): Map<string, AsyncCache>
  /** Closes those that exist. Every one is closed, even if another fails to. */
  closeAll(): Promise<void>
}

/**
 * Django's `CACHES`: several caches under names, in one place.
 *
 * Nothing is opened before it is used. On Workers, where bindings arrive with the request, make it in the request: it is
 * a few objects, and nothing of one request may be kept for another.
 *
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
        `There is no cache named "${String(name)}": there are ${names.join(', ') || 'none'}`,
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
    throw new CacheError('INVALID_CACHE', `Cannot make the cache "${name}": ${String(cause)}`, { cause })
  }
}

import { memoryAdapter } from '../../../src/adapters/memory/index.ts'
import type { Adapter } from '../../../src/core/adapter.ts'
import type { AsyncCache } from '../../../src/core/cache.ts'
import { createCache } from '../../../src/core/create-cache.ts'
import type { LoadContext } from '../../../src/core/loader.ts'
import type { CacheOptions } from '../../../src/core/options.ts'
import { SharedStore } from '../shared-store.ts'

/** A public bug report or wish, and the test that shows what we do. */
export interface Row {
  /** Where it was reported: library or repository, and issue. */
  readonly reports: readonly string[]
  /** What holds here. */
  readonly title: string
  /** `'processes'`: only several processes can show it. */
  readonly only?: 'processes'
  run(world: World): Promise<void>
}

export interface World {
  /** Opens a cache: in a process of its own, or on the one memory of this process. */
  open(options?: Partial<CacheOptions>, adapter?: Partial<Adapter>): AsyncCache
  advance(seconds: number): void
}

/** All caches on one memory adapter. */
export function oneProcess(): World {
  const adapter = memoryAdapter()
  return world((overrides) => (overrides === undefined ? adapter : { ...adapter, ...overrides }))
}

/** Each cache in a process of its own, all on one store. */
export function severalProcesses(): World {
  const store = new SharedStore()
  return world((overrides) => store.adapter(overrides))
}

function world(adapterOf: (overrides: Partial<Adapter> | undefined) => Adapter): World {
  let now = 1_800_000_000_000
  return {
    open: (options, overrides) =>
      createCache({ adapter: adapterOf(overrides), clock: () => now, ...options }) as AsyncCache,
    advance(seconds) {
      now += seconds * 1000
    },
  }
}

/** A loader that the test ends, and that counts its calls. */
export function heldLoader<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const begun = Promise.withResolvers<LoadContext>()
  let calls = 0
  const load = (context: LoadContext): Promise<T> => {
    calls += 1
    begun.resolve(context)
    return promise
  }
  return { load, resolve, reject, begun: begun.promise, calls: () => calls }
}

/** Lets everything that is ready run. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

export const fails = (): Promise<never> => Promise.reject(new Error('no network'))

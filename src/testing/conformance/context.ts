import { afterEach } from 'vitest'
import type { Adapter, Supports } from '../../core/adapter.ts'
import { createCache } from '../../core/create-cache.ts'
import type { CacheOptions } from '../../core/options.ts'
import { SyncCache } from '../../core/sync-cache.ts'
import { syncTwins, type TestedCache } from '../sync-twins.ts'

/** The clock of the caches in a test. It stands still until it is moved. */
class TestClock {
  // Ahead of real time, so that an adapter that also sweeps by its own clock finds nothing expired.
  #now = 2_000_000_000_000

  /** In epoch milliseconds. */
  readonly now = (): number => this.#now

  advance(seconds: number): void {
    this.#now += Math.round(seconds * 1000)
  }
}

export type Twins = 'async' | 'sync'

/** The options of a cache in the suite. */
export type Setup = Omit<CacheOptions, 'adapter'>

/** Caches on one new, empty store, and the clock they share. */
export interface Scene {
  readonly adapter: Adapter
  readonly clock: TestClock
  /** Prefix `''`, version 1. */
  readonly main: TestedCache
  /** Prefix `'app'`. */
  readonly prefixed: TestedCache
  /** Version 2. */
  readonly v2: TestedCache
  /** With a custom key function. */
  readonly custom: TestedCache
  /** Creates another cache on the same store. `through` replaces the scene's own adapter object. */
  cache(setup?: Setup, through?: Adapter): TestedCache
  /** Creates a cache like that of another process: it shares the entries, and nothing in memory. */
  elsewhere(setup?: Setup): TestedCache
}

/** The context of each section of the suite. */
export interface Context {
  readonly supports: Supports
  readonly twins: Twins
  /** Creates a scene on its own store. */
  readonly open: () => Scene
}

/** Must be called inside the suite's `describe`. Closes everything that a test opened. */
export function contextOf(createAdapter: () => Adapter, twins: Twins): Context {
  const opened: Adapter[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((adapter) => adapter.close()))
  })
  const open = (): Scene => {
    const adapter = createAdapter()
    opened.push(adapter)
    return sceneOn(adapter, twins)
  }
  return { supports: createAdapter().supports, twins, open }
}

function sceneOn(adapter: Adapter, twins: Twins): Scene {
  const clock = new TestClock()
  const cache = (setup: Setup = {}, through: Adapter = adapter): TestedCache => {
    const made = createCache({ clock: clock.now, onWarning: () => {}, ...setup, adapter: through })
    if (twins === 'async') return made
    if (!(made instanceof SyncCache)) throw new TypeError("twins: 'sync' needs a SyncAdapter")
    return syncTwins(made)
  }
  return {
    adapter,
    clock,
    main: cache(),
    prefixed: cache({ keyPrefix: 'app' }),
    v2: cache({ version: 2 }),
    custom: cache({ keyFunction: (key, keyPrefix, version) => `CUSTOM-${keyPrefix}-${version}-${key}` }),
    cache,
    elsewhere: (setup) => cache(setup, alias(adapter)),
  }
}

/** Wraps the same store in another object. `onCall` gets the name of each called method. */
export function alias(adapter: Adapter, onCall: (method: string) => void = () => {}): Adapter {
  return new Proxy(adapter, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        onCall(String(name))
        return Reflect.apply(member, target, args)
      }
    },
  })
}

/** Returns the live keys of `keys`, without using them. */
export async function liveAmong(cache: TestedCache, keys: readonly string[]): Promise<string[]> {
  const found = await Promise.all(keys.map((key) => cache.ahasKey(key)))
  return keys.filter((_, index) => found[index])
}

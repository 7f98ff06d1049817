import { afterEach } from 'vitest'
import type { Adapter, Supports } from '../../core/adapter.ts'
import { createCache } from '../../core/create-cache.ts'
import type { CacheOptions } from '../../core/options.ts'
import { SyncCache } from '../../core/sync-cache.ts'
import { syncTwins, type TestedCache } from '../sync-twins.ts'

/** Time as the caches of a test see it: it stands still until it is moved. */
class TestClock {
  // Ahead of the real time, so that a place which also sweeps by a clock of its own takes nothing for expired.
  #now = 2_000_000_000_000

  /** Epoch milliseconds. */
  readonly now = (): number => this.#now

  advance(seconds: number): void {
    this.#now += Math.round(seconds * 1000)
  }
}

export type Twins = 'async' | 'sync'

/** How a cache of the suite may be set up. */
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
  /** A key function of its own. */
  readonly custom: TestedCache
  /** One more cache on the same store; on `through` instead of the scene's own adapter object. */
  cache(setup?: Setup, through?: Adapter): TestedCache
  /** A cache on the same store as another process has it: it shares the entries, and nothing in memory. */
  elsewhere(setup?: Setup): TestedCache
}

/** What each section of the suite is given. */
export interface Context {
  readonly supports: Supports
  readonly twins: Twins
  /** A scene on a store of its own. */
  readonly open: () => Scene
}

/** To be called inside the suite's `describe`: what a test opened is closed when it ends. */
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

/** The same store through another object. `onCall` hears the name of each method that is called. */
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

/** The keys of `keys` that are live, looked for without using them. */
export async function liveAmong(cache: TestedCache, keys: readonly string[]): Promise<string[]> {
  const found = await Promise.all(keys.map((key) => cache.ahasKey(key)))
  return keys.filter((_, index) => found[index])
}

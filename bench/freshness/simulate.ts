import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import type { GetOrSetOptions } from '../../src/core/options.ts'
import { createCache } from '../../src/index.ts'
import { SharedStore } from '../../tests/freshness/shared-store.ts'
import { everythingReady, seeded, Timeline } from './timeline.ts'

/** Where the requests run. */
export type Place =
  /** One process, with the memory adapter. */
  | { readonly kind: 'one process' }
  /** Several on one store. A process sees only its own loads. */
  | { readonly kind: 'separate loads'; readonly processes: number }
  /** Several on one store whose loads are shared, as in IndexedDB. */
  | { readonly kind: 'shared loads'; readonly processes: number }

export interface Simulation {
  readonly place: Place
  readonly requestsPerSecond: number
  readonly requests: number
  readonly timeout: number
  readonly loadSeconds: number
  readonly options: Pick<GetOrSetOptions, 'earlyRefresh' | 'staleWhileRevalidate'>
  readonly seed: number
}

export interface Outcome {
  /** The fraction of the requests that waited for a load. */
  readonly waited: number
  /** How many loads ran at once or overlapped, for each time the value was loaded. */
  readonly stampedes: readonly number[]
  /** How often the value was loaded, as a multiple of once per timeout. */
  readonly loadRate: number
  /** The fraction of the requests that got a value after its timeout. */
  readonly stale: number
}

const KEY = 'popular'

/** Lets requests for one key arrive at random on a virtual clock, and calls the cache for each. */
export async function simulate(simulation: Simulation): Promise<Outcome> {
  const { place, requestsPerSecond, requests, timeout, loadSeconds, options, seed } = simulation
  const timeline = new Timeline()
  const random = seeded(seed)
  const clock = (): number => timeline.now
  // Each process has random numbers of its own: claims are told apart by them.
  const caches = adaptersOf(place).map((adapter, index) =>
    createCache({ adapter, clock, random: seeded(seed + 1 + index), operationTimeout: null }),
  )
  const begun: number[] = []
  const load = async (): Promise<number> => {
    begun.push(timeline.now)
    await timeline.wait(loadSeconds * 1000)
    return timeline.now
  }
  let waited = 0
  let stale = 0
  const request = async (): Promise<void> => {
    const cache = caches[Math.floor(random() * caches.length)]
    const asked = timeline.now
    const loadedAt = await cache?.agetOrSet(KEY, load, { timeout, ...options })
    if (timeline.now > asked) waited += 1
    if (loadedAt !== undefined && timeline.now - loadedAt >= timeout * 1000) stale += 1
  }
  // The first load tells how long one takes.
  const first = request()
  await everythingReady()
  await timeline.finish()
  await first
  const start = timeline.now
  begun.length = 0
  waited = 0
  const all: Promise<void>[] = []
  let next = start
  for (let count = 0; count < requests; count += 1) {
    next += (-Math.log(1 - random()) / requestsPerSecond) * 1000
    await timeline.advanceTo(next)
    all.push(request())
    await everythingReady()
  }
  await timeline.finish()
  await Promise.all(all)
  return {
    waited: waited / requests,
    stampedes: overlapping(begun, loadSeconds * 1000),
    loadRate: (begun.length * timeout * 1000) / (next - start),
    stale: stale / requests,
  }
}

function adaptersOf(place: Place): Adapter[] {
  if (place.kind === 'one process') return [memoryAdapter()]
  if (place.kind === 'shared loads') {
    const store = new SharedStore()
    return Array.from({ length: place.processes }, () => store.adapter())
  }
  const memory = memoryAdapter()
  // An object of its own for each: a process does not know of the loads of another.
  return Array.from({ length: place.processes }, () => ({
    name: 'one store',
    supports: memory.supports,
    read: async (keys, now, wanted) => memory.readSync(keys, now, wanted),
    commit: async (changes, now) => memory.commitSync(changes, now),
    clear: async (scope) => memory.clearSync(scope),
    close: async () => {},
  }))
}

/** The sizes of the groups of loads that overlap. */
function overlapping(begun: readonly number[], milliseconds: number): number[] {
  const sizes: number[] = []
  let end = Number.NEGATIVE_INFINITY
  for (const at of begun) {
    if (at >= end) sizes.push(0)
    sizes[sizes.length - 1] = (sizes.at(-1) ?? 0) + 1
    end = at + milliseconds
  }
  return sizes
}

import { indexedDBAdapter, lruLimits } from '../../src/adapters/indexeddb/index.ts'
import { type AsyncCache, createCache } from '../../src/index.ts'

declare global {
  var cache: AsyncCache
  /** Put there by the test: outlives this tab. */
  var tell: (started: number, counted: number, written: number) => Promise<void>
  /** Counts and writes pairs until the tab dies, and tells of each that was acknowledged. */
  var work: (from: number) => Promise<void>
}

// With limits: there is most to be kept together.
globalThis.cache = createCache({
  adapter: indexedDBAdapter({ name: 'crash', limits: lruLimits({ maxEntries: 20, maxBytes: 10_000_000 }) }),
  timeout: null,
})

globalThis.work = async (from) => {
  for (let round = from; ; round += 1) {
    await tell(round, 0, 0)
    const [counted] = await Promise.all([
      cache.aincr('count', 1, { initial: 0 }),
      cache.asetMany({ left: { round, pad: 'x'.repeat(200_000) }, right: { round, pad: 'y'.repeat(10) } }),
      cache.aset(`filler-${round % 40}`, round),
    ])
    await tell(round, counted, round)
  }
}

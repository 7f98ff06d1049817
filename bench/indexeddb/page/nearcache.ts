import { indexedDBAdapter, lruLimits } from '../../../src/adapters/indexeddb/index.ts'
import { createCache } from '../../../src/index.ts'
import type { ContestantMaker } from './contestant.ts'

/** Seconds. */
export const TIMEOUT = 300
/** Long enough that nothing expires while it is measured. */
const FILLED = 3_600

/** Sweeping is measured by itself, and must not come between other things. */
export const whenIdle = (): void => {}

export const nearcache = maker('nearcache', null)

/** With a limit that nothing here comes near: what it costs to keep count. */
export const nearcacheLimited = maker('nearcache/limited', 200_000)

function maker(id: string, maxEntries: number | null): ContestantMaker {
  return {
    id,
    async make(name) {
      const adapter = indexedDBAdapter({
        name,
        limits: maxEntries === null ? undefined : lruLimits({ maxEntries }),
        whenIdle,
      })
      const cache = createCache({ adapter, timeout: TIMEOUT })
      return {
        store: 'entries',
        set: (key, value) => cache.aset(key, value),
        get: (key) => cache.aget(key),
        setMany: (entries) => cache.asetMany(entries),
        getMany: (keys) => cache.agetMany(keys),
        incr: (key) => cache.aincr(key),
        touch: (key) => cache.atouch(key),
        fill: (entries, keyPrefix = '') => createCache({ adapter, keyPrefix }).asetMany(entries, FILLED),
        clear: (keyPrefix) => createCache({ adapter, keyPrefix }).aclear(),
        close: () => cache.aclose(),
      }
    },
  }
}

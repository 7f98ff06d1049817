import type { Change, Outcome, Supports } from '../../core/adapter.ts'
import { decide } from '../../core/operations.ts'
import { createSyncCache, type SyncAdapter } from '../../core/sync-cache.ts'

/**
 * Stores nothing, like Django's dummy cache. Every key is always missing, so code runs as if each entry had
 * just expired. Invalid keys and values still throw. For development, and for tests that must not depend on a
 * cache.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { nullAdapter } from 'nearcache/null'
 *
 * const cache = createCache({ adapter: nullAdapter() })
 * await cache.aset('answer', 42)
 * await cache.aget('answer') // undefined
 * await cache.aadd('answer', 42) // true
 * ```
 */
export function nullAdapter(): SyncAdapter {
  const commitSync = (changes: readonly Change[], now: number): Outcome[] =>
    changes.map(({ op }) => decide(undefined, op, now)[1])
  return {
    name: 'null',
    createSyncCache,
    supports: SUPPORTS,
    readSync: (keys) => keys.map(() => undefined),
    commitSync,
    clearSync: () => {},
    deleteTagsSync: () => {},
    listKeysSync: () => [],
    async *listKeys() {},
    read: async (keys) => keys.map(() => undefined),
    commit: async (changes, now) => commitSync(changes, now),
    clear: async () => {},
    deleteTags: async () => {},
    close: async () => {},
  }
}

const SUPPORTS: Supports = {
  atomic: false,
  atomicBatch: false,
  readYourWrites: false,
  staleness: 0,
  sharedLoads: false,
  tags: true,
  listing: true,
  persistent: false,
  values: 'fresh',
  maxKeyBytes: null,
  maxValueBytes: null,
}

import type { Change, Entry, Invalidation, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import { checkLimits } from '../../core/culling.ts'
import { describeType } from '../../core/expiry.ts'
import { prefixOf, userKeyOf } from '../../core/keys.ts'
import { keysOf, type Place, step } from '../../core/operations.ts'
import { checkBag, checkChoice } from '../../core/options.ts'
import { createSyncCache, type SyncAdapter } from '../../core/sync-cache.ts'
import type { ByteLimit } from './byte-limit.ts'
import { Table } from './table.ts'

export { type ByteLimit, byteLimit } from './byte-limit.ts'

/** The limits of the memory adapter, and whether values are copied. */
export interface MemoryAdapterOptions {
  /**
   * The most entries. A write to a full store evicts some first. Default 10,000 (Django's is 300). `null`: no
   * limit.
   */
  readonly maxEntries?: number | null | undefined
  /**
   * An eviction removes one in `cullFrequency` entries, at least one, the least recently used first. 0
   * removes all. Default 3, as in Django.
   */
  readonly cullFrequency?: number | undefined
  /** The most bytes of all keys and values together: `byteLimit(5_000_000)`. Default: bytes are not counted. */
  readonly byteLimit?: ByteLimit | undefined
  /**
   * `'copied'` (default): stored and returned values are copies. `'shared'`: everyone gets the same object.
   * This is as fast as a Map and as risky: changing the object changes the cache, and values are not checked.
   */
  readonly values?: 'copied' | 'shared' | undefined
}

/**
 * Stores entries in this process, in least recently used order. For a browser tab, a worker or a test.
 * Entries are lost when the process ends, and other processes (Workers isolates, tabs) do not see them.
 *
 * Atomic: every change is one synchronous step. Expired entries are missing at once. They are removed by
 * eviction or when they are overwritten. There are no timers.
 *
 * @throws {TypeError | RangeError} For invalid options. The message names the option.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const cache = createCache({ adapter: memoryAdapter({ maxEntries: 1_000 }) })
 * cache.set('answer', 42)
 * cache.incr('answer') // 43
 * ```
 */
export function memoryAdapter(options: MemoryAdapterOptions = {}): SyncAdapter {
  checkBag(options, ['maxEntries', 'cullFrequency', 'byteLimit', 'values'], 'memoryAdapter')
  const { maxEntries = 10_000, cullFrequency = 3, byteLimit, values = 'copied' } = options
  checkChoice(values, ['copied', 'shared'], 'memoryAdapter', 'values')
  const limits = checkLimits({ maxEntries, cullFrequency, maxBytes: null })
  if (byteLimit !== undefined && typeof byteLimit?.start !== 'function') {
    throw new TypeError(
      `memoryAdapter takes byteLimit(bytes) from nearcache/memory for byteLimit: got ${describeType(byteLimit)}`,
    )
  }
  const table = new Table(limits, byteLimit?.start(values === 'shared'))
  const at = (key: string) => table.bucket(prefixOf(key))
  const place: Place = {
    get: (key) => at(key).get(userKeyOf(key)),
    set: (key, entry, operation) => at(key).set(userKeyOf(key), entry, operation),
    delete: (key) => at(key).delete(userKeyOf(key)),
  }

  const readSync = (keys: readonly string[], now: number, wanted: Wanted): (Entry | undefined)[] =>
    keys.map((key) => {
      if (wanted === 'value') at(key).read(userKeyOf(key), () => now)
      return place.get(key)
    })
  const commitSync = (changes: readonly Change[], now: number): Outcome[] => {
    if (table.byteCounter !== undefined) {
      for (const { key, op } of changes) table.byteCounter.measure(userKeyOf(key), op)
    }
    if (changes.length === 1) return changes.map(({ key, op }) => step(place, key, op, now))
    return commitMany(table, place, changes, now)
  }
  const clearSync = (scope: string): void => table.clear(scope)
  const deleteTagsSync = (tags: readonly string[], now: number, invalidation: Invalidation): void =>
    table.deleteTags(tags, now, invalidation)

  return {
    name: 'memory',
    createSyncCache,
    supports: values === 'shared' ? SHARED : KEPT,
    bucket: (prefix) => table.bucket(prefix),
    readSync,
    commitSync,
    clearSync,
    deleteTagsSync,
    listKeysSync: (scope, now) => table.listKeys(scope, now),
    async *listKeys(scope, now) {
      yield table.listKeys(scope, now)
    },
    read: async (keys, now, wanted) => readSync(keys, now, wanted),
    commit: async (changes, now) => commitSync(changes, now),
    clear: async (scope) => clearSync(scope),
    deleteTags: async (tags, now, invalidation) => deleteTagsSync(tags, now, invalidation),
    close: async () => {},
  }
}

/** Runs several changes, and records which of them are evicted for others of the same commit. */
function commitMany(table: Table, place: Place, changes: readonly Change[], now: number): Outcome[] {
  const outcomes: Outcome[] = []
  /** The index of the change that last wrote each key. */
  const writers = new Map<string, number>()
  table.onEvict = (prefix, userKey) => {
    const writer = writers.get(prefix + userKey)
    if (writer !== undefined) outcomes[writer] = EVICTED
  }
  try {
    for (const [index, { key, op }] of changes.entries()) {
      const outcome = step(place, key, op, now)
      outcomes[index] = outcome
      if (outcome.ok) for (const written of keysOf({ key, op })) writers.set(written, index)
    }
  } finally {
    table.onEvict = undefined
  }
  return outcomes
}

const EVICTED: Outcome = { ok: false, reason: 'evicted' }

const KEPT: Supports = {
  atomic: true,
  atomicBatch: true,
  readYourWrites: true,
  staleness: 0,
  sharedLoads: false,
  tags: true,
  listing: true,
  persistent: false,
  values: 'kept',
  maxKeyBytes: null,
  maxValueBytes: null,
}

const SHARED: Supports = { ...KEPT, values: 'shared' }

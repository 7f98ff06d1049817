import { describeType } from '../../core/expiry.ts'
import { checkBag } from '../../core/options.ts'
import { Announcements } from './announcements.ts'
import { WithFallback } from './fallback.ts'
import { reporter } from './faults.ts'
import type { IndexedDBAdapter, IndexedDBAdapterOptions } from './options.ts'
import { OwnAdapter } from './own-adapter.ts'

export type { CacheChange } from './announcements.ts'
export type { IndexedDBAdapter, IndexedDBAdapterOptions, PlaceInUse } from './options.ts'

/**
 * Keeps entries in the browser's IndexedDB, shared by all tabs and workers of the origin and there after a reload.
 *
 * Calls of one turn of the event loop share transactions. Each commit is one readwrite transaction, which excludes every
 * other tab's, so `aadd` and `aincr` are atomic across tabs. A write is acknowledged when its transaction is complete; a
 * failed one has stored nothing.
 *
 * When the origin's storage is full, a write drops what has expired, then what was least recently used, and tries again;
 * then it fails with `QUOTA_EXCEEDED`.
 *
 * @throws {TypeError | RangeError} For options that make no sense, named.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { indexedDBAdapter } from 'nearcache/indexeddb'
 *
 * const cache = createCache({ adapter: indexedDBAdapter({ name: 'app' }) })
 * await cache.aset('answer', 42)
 * await cache.aincr('answer') // 43, in every tab
 * ```
 */
export function indexedDBAdapter(options: IndexedDBAdapterOptions): IndexedDBAdapter {
  checkBag(options, KNOWN, 'indexedDBAdapter')
  if (typeof options.name !== 'string' || options.name === '') {
    throw new TypeError("indexedDBAdapter needs the name of a database: { name: 'app' }")
  }
  const { name, openTimeout = 10, announce = false, fallback, whenIdle, onFault = warn } = options
  if (typeof openTimeout !== 'number' || !(openTimeout > 0)) {
    throw new RangeError(`openTimeout must be more than 0 seconds: got ${String(openTimeout)}`)
  }
  for (const [option, given] of Object.entries({ fallback, whenIdle, onFault })) {
    if (given !== undefined && typeof given !== 'function')
      throw new TypeError(`${option} must be a function: got ${describeType(given)}`)
  }
  const report = reporter(onFault)
  const announcements = new Announcements(name, announce, report)
  const adapter = new OwnAdapter(options, openTimeout, announcements, report)
  return fallback === undefined ? adapter : new WithFallback(adapter, fallback, announcements, report)
}

function warn(fault: unknown): void {
  console.warn('nearcache:', fault)
}

const KNOWN = [
  'name',
  'durability',
  'maxEntries',
  'maxBytes',
  'cullFrequency',
  'openTimeout',
  'announce',
  'fallback',
  'whenIdle',
  'onFault',
]

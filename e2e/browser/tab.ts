import { indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import { type AsyncCache, createCache } from '../../src/index.ts'

declare global {
  /** What the tests drive in each tab. */
  var cache: AsyncCache
}

globalThis.cache = createCache({ adapter: indexedDBAdapter({ name: 'tabs' }) })

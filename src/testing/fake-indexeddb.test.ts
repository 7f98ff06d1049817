import 'fake-indexeddb/auto'
import { indexedDBAdapter, lruLimits } from '../adapters/indexeddb/index.ts'
import type { Adapter } from '../core/adapter.ts'
import { adapterSuite } from './adapter-suite.ts'
import { cacheSuite } from './cache-suite.ts'
import { cullingSuite } from './conformance/culling.ts'

// Users of the adapter may run their unit tests on this library, in Node.
const createAdapter = (): Adapter => indexedDBAdapter({ name: crypto.randomUUID() })
adapterSuite({ name: 'fake-indexeddb', createAdapter })
cacheSuite({ name: 'fake-indexeddb', createAdapter })
const createLimited = (): Adapter =>
  indexedDBAdapter({ name: crypto.randomUUID(), limits: lruLimits({ maxEntries: 100_000 }) })
adapterSuite({ name: 'fake-indexeddb, with limits', createAdapter: createLimited })
cacheSuite({ name: 'fake-indexeddb, with limits', createAdapter: createLimited })
cullingSuite({
  name: 'fake-indexeddb',
  createAdapter: (cap) => indexedDBAdapter({ name: crypto.randomUUID(), limits: lruLimits(cap) }),
})

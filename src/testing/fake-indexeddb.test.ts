import 'fake-indexeddb/auto'
import { indexedDBAdapter } from '../adapters/indexeddb/index.ts'
import type { Adapter } from '../core/adapter.ts'
import { adapterSuite } from './adapter-suite.ts'
import { cacheSuite } from './cache-suite.ts'
import { cullingSuite } from './conformance/culling.ts'

// Users of the adapter may run their unit tests on this library, in Node.
const createAdapter = (): Adapter => indexedDBAdapter({ name: crypto.randomUUID() })
adapterSuite({ name: 'fake-indexeddb', createAdapter })
cacheSuite({ name: 'fake-indexeddb', createAdapter })
cullingSuite({
  name: 'fake-indexeddb',
  createAdapter: (cap) => indexedDBAdapter({ name: crypto.randomUUID(), ...cap }),
})

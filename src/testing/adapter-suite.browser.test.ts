import { indexedDBAdapter } from '../adapters/indexeddb/index.ts'
import { adapterSuite } from './adapter-suite.ts'

adapterSuite({ name: 'indexeddb', createAdapter: () => indexedDBAdapter({ name: crypto.randomUUID() }) })
adapterSuite({
  name: 'indexeddb, strict durability',
  createAdapter: () => indexedDBAdapter({ name: crypto.randomUUID(), durability: 'strict' }),
})

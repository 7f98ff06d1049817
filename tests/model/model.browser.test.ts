import { indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import { modelSuite } from './model-suite.ts'
import { runs } from './runs.ts'

modelSuite({
  name: 'indexeddb',
  create: () => indexedDBAdapter({ name: crypto.randomUUID() }),
  runs: runs(1_000),
})

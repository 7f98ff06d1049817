import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { modelSuite } from './model-suite.ts'
import { runs } from './runs.ts'

modelSuite({ name: 'memory', create: () => memoryAdapter(), runs: runs(2_000) })
modelSuite({
  name: 'memory, shared values',
  create: () => memoryAdapter({ values: 'shared' }),
  runs: runs(1_000),
})

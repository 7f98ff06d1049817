import { memoryAdapter } from '../adapters/memory/index.ts'
import { adapterSuite } from './adapter-suite.ts'

adapterSuite({ name: 'memory', createAdapter: () => memoryAdapter() })
adapterSuite({ name: 'memory, shared values', createAdapter: () => memoryAdapter({ values: 'shared' }) })

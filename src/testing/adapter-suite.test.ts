import { memoryAdapter } from '../adapters/memory/index.ts'
import { adapterSuite } from './adapter-suite.ts'

adapterSuite({ name: 'memory', create: () => memoryAdapter() })
adapterSuite({ name: 'memory, shared values', create: () => memoryAdapter({ values: 'shared' }) })

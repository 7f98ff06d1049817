import { memoryAdapter } from '../adapters/memory/index.ts'
import { cacheSuite } from './cache-suite.ts'
import { cullingSuite } from './conformance/culling.ts'

cacheSuite({ name: 'memory', createAdapter: () => memoryAdapter() })
cacheSuite({ name: 'memory', createAdapter: () => memoryAdapter(), twins: 'sync' })
cacheSuite({ name: 'memory, shared values', createAdapter: () => memoryAdapter({ values: 'shared' }) })
cacheSuite({
  name: 'memory, shared values',
  createAdapter: () => memoryAdapter({ values: 'shared' }),
  twins: 'sync',
})

cullingSuite({ name: 'memory, async', createAdapter: memoryAdapter })
cullingSuite({ name: 'memory, sync', createAdapter: memoryAdapter, twins: 'sync' })

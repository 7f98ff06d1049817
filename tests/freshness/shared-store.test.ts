import { adapterSuite, cacheSuite } from '../../src/testing/index.ts'
import { SharedStore } from './shared-store.ts'

adapterSuite({ name: 'shared store', createAdapter: () => new SharedStore().adapter() })
cacheSuite({ name: 'shared store', createAdapter: () => new SharedStore().adapter() })

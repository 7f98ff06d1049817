export { type AdapterSuiteOptions, adapterSuite } from './adapter-suite.ts'
export { type CacheSuiteOptions, cacheSuite } from './cache-suite.ts'
export { type Cap, type CullingSuiteOptions, cullingSuite } from './conformance/culling.ts'
export {
  type KVBill,
  type KVCall,
  type LaggingKV,
  type LaggingKVOptions,
  laggingKV,
} from './lagging-kv/index.ts'
export { type RefusedValue, refusedValues, type StorableValue, storableValues } from './values.ts'

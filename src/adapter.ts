// For authors of adapters. Users of caches import from index.ts.
export type {
  Adapter,
  Bucket,
  Change,
  Entry,
  Op,
  Outcome,
  Refusal,
  Supports,
  SyncStorage,
  Wanted,
} from './core/adapter.ts'
export { type BatchDecision, type Commit, decideBatch, keysToRead } from './core/batch.ts'
export { prefixOf, rangeEnd, userKeyOf, withoutVersion } from './core/keys.ts'
export {
  type Decision,
  decide,
  isLive,
  type Operation,
  operationOf,
  type Place,
  step,
} from './core/operations.ts'
export type { ResolvedOptions } from './core/options.ts'
export { createSyncCache, type SyncAdapter } from './core/sync-cache.ts'

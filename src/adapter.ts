// For authors of adapters. Users of caches import from index.ts.
export type {
  Adapter,
  Bucket,
  Change,
  Claim,
  ClaimReply,
  ClaimRequest,
  Entry,
  Invalidation,
  Metadata,
  Op,
  Outcome,
  Refusal,
  StoreChange,
  Supports,
  SyncStorage,
  Wanted,
} from './core/adapter.ts'
export { type BatchDecision, type Commit, decideBatch, keysToRead } from './core/batch.ts'
export { prefixOf, rangeEnd, userKeyOf, withoutVersion } from './core/keys.ts'
export {
  type Decision,
  decide,
  endFreshness,
  hasTag,
  invalidateTags,
  isLive,
  keptUntil,
  type Operation,
  operationOf,
  type Place,
  staleUntil,
  step,
} from './core/operations.ts'
export type { ResolvedOptions } from './core/options.ts'
export { createSyncCache, type SyncAdapter } from './core/sync-cache.ts'

// For authors of adapters. What users of caches need is exported by index.ts.
export type {
  Adapter,
  Change,
  Entry,
  Op,
  Outcome,
  Refusal,
  Space,
  Supports,
  SyncAdapter,
  Wanted,
} from './core/adapter.ts'
export { type BatchDecision, type Commit, decideBatch, keysToRead } from './core/batch.ts'
export { type Decision, decide, isLive, type Place, step } from './core/decide.ts'
export { headOf, rangeEnd, restOf, withoutVersion } from './core/keys.ts'

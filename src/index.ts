export type { Adapter } from './core/adapter.ts'
export type { SetManyData } from './core/arguments.ts'
export type { AsyncCache } from './core/cache.ts'
export { type CacheConfig, type CacheOf, type Caches, createCaches } from './core/caches.ts'
export { createCache } from './core/create-cache.ts'
export {
  CacheError,
  type CacheErrorCode,
  type CacheErrorWith,
  isCacheError,
  type StorageFigures,
} from './core/errors.ts'
export type { Timeout } from './core/expiry.ts'
export {
  type CacheWarning,
  defaultKeyFunction,
  type KeyFunction,
  userKeyOf,
  type Version,
} from './core/keys.ts'
export type { LoadContext, LoadedOptions, Loader, StaleValue, SyncLoader } from './core/loader.ts'
export type { CacheLock, SyncCacheLock } from './core/lock.ts'
export type { CacheEvent, CacheStats } from './core/metrics.ts'
export type {
  CacheOptions,
  CountWithTtl,
  EntryOptions,
  FreshnessOptions,
  GetOptions,
  GetOrSetOptions,
  GetOrSetStatus,
  IncrOptions,
  KeyOptions,
  ListOptions,
  LoadOptions,
  LockOptions,
  PopOptions,
  ReadOptions,
  SchemaOptions,
  SetOptions,
  SyncGetOrSetOptions,
  TimeoutOr,
  TouchOptions,
  WaitingLockOptions,
} from './core/options.ts'
export type { Schema, SchemaResult } from './core/schema.ts'
export type { CacheChange, CacheEntry } from './core/subscribe.ts'
export { type SyncAdapter, SyncCache } from './core/sync-cache.ts'
export type { TypedCache, TypedSyncCache } from './core/typed-cache.ts'

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
export type { Loader } from './core/get-or-set.ts'
export {
  type CacheWarning,
  defaultKeyFunction,
  type KeyFunction,
  userKeyOf,
  type Version,
} from './core/keys.ts'
export type { CacheLock, SyncCacheLock } from './core/lock.ts'
export type {
  CacheOptions,
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  LockOptions,
  PopOptions,
  ReadOptions,
  SetOptions,
  TimeoutOr,
  WaitingLockOptions,
} from './core/options.ts'
export { type SyncAdapter, SyncCache } from './core/sync-cache.ts'
export type { TypedCache, TypedSyncCache } from './core/typed-cache.ts'

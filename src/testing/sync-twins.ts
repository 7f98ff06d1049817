import type { AsyncCache } from '../core/cache.ts'
import { ASYNC_DISPOSE, DISPOSE } from '../core/dispose.ts'
import type { CacheLock, SyncCacheLock } from '../core/lock.ts'
import type { SyncCache } from '../core/sync-cache.ts'

/** The methods of a cache that {@link cacheSuite} calls, all async. */
export type TestedCache = Pick<
  AsyncCache,
  | 'aget'
  | 'aset'
  | 'aadd'
  | 'agetOrSet'
  | 'atouch'
  | 'adelete'
  | 'aexpire'
  | 'aentry'
  | 'adeleteTags'
  | 'aexpireTags'
  | 'ahasKey'
  | 'aincr'
  | 'aincrWithTtl'
  | 'adecr'
  | 'attl'
  | 'apop'
  | 'alock'
  | 'agetMany'
  | 'asetMany'
  | 'adeleteMany'
  | 'akeys'
  | 'aentries'
  | 'aincrVersion'
  | 'adecrVersion'
  | 'aclear'
  | 'aclose'
>

/**
 * Wraps the sync methods of a cache as async methods. Each has done its work when it returns its promise. So
 * one suite tests both.
 */
export function syncTwins(cache: SyncCache): TestedCache {
  const promised =
    <Args extends unknown[], Result>(method: (...args: Args) => Result) =>
    async (...args: Args): Promise<Result> =>
      method.apply(cache, args)
  return {
    aget: promised(cache.get) as AsyncCache['aget'],
    aset: promised(cache.set),
    aadd: promised(cache.add),
    agetOrSet: promised(cache.getOrSet) as AsyncCache['agetOrSet'],
    atouch: promised(cache.touch),
    adelete: promised(cache.delete),
    aexpire: promised(cache.expire),
    aentry: promised(cache.entry) as AsyncCache['aentry'],
    adeleteTags: promised(cache.deleteTags),
    aexpireTags: promised(cache.expireTags),
    ahasKey: promised(cache.hasKey),
    aincr: promised(cache.incr),
    aincrWithTtl: promised(cache.incrWithTtl),
    adecr: promised(cache.decr),
    attl: promised(cache.ttl),
    apop: promised(cache.pop) as AsyncCache['apop'],
    alock: async (key, options) => promisedLock(cache.lock(key, options)),
    akeys: async function* (...args) {
      yield* cache.keys(...args)
    },
    aentries: async function* <T>(...args: Parameters<SyncCache['entries']>) {
      yield* cache.entries<T>(...args)
    },
    agetMany: promised(cache.getMany) as AsyncCache['agetMany'],
    asetMany: promised(cache.setMany),
    adeleteMany: promised(cache.deleteMany),
    aincrVersion: promised(cache.incrVersion),
    adecrVersion: promised(cache.decrVersion),
    aclear: promised(cache.clear),
    aclose: () => cache.aclose(),
  }
}

function promisedLock(lock: SyncCacheLock | undefined): CacheLock | undefined {
  if (lock === undefined) return undefined
  return {
    key: lock.key,
    release: async () => lock.release(),
    [ASYNC_DISPOSE]: async () => lock[DISPOSE](),
  }
}

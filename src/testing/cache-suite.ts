import { describe } from 'vitest'
import type { Adapter } from '../core/adapter.ts'
import type { SyncAdapter } from '../core/sync-cache.ts'
import { badInput } from './conformance/bad-input.ts'
import { badOptions } from './conformance/bad-options.ts'
import { bulk } from './conformance/bulk.ts'
import { contextOf } from './conformance/context.ts'
import { deleteAndClear } from './conformance/delete.ts'
import { expiry } from './conformance/expiry.ts'
import { freshness } from './conformance/freshness.ts'
import { getOrSet } from './conformance/get-or-set.ts'
import { hasKey } from './conformance/has-key.ts'
import { incrDecr } from './conformance/incr.ts'
import { incrInitial } from './conformance/incr-initial.ts'
import { keys } from './conformance/keys.ts'
import { listing } from './conformance/listing.ts'
import { loading } from './conformance/loading.ts'
import { lockWaiting } from './conformance/lock-waiting.ts'
import { locks } from './conformance/locks.ts'
import { oddKeys } from './conformance/odd-keys.ts'
import { setGetAdd } from './conformance/set-get-add.ts'
import { staleValues } from './conformance/stale-values.ts'
import { superseding } from './conformance/superseding.ts'
import { tags } from './conformance/tags.ts'
import { touch } from './conformance/touch.ts'
import { ttlAndPop } from './conformance/ttl-pop.ts'
import { versionMoves } from './conformance/version-moves.ts'
import { versions } from './conformance/versions.ts'

/**
 * The options of {@link cacheSuite}. `createAdapter` returns a new adapter on an empty store of its own, each
 * time. `twins` selects the methods to test: the async ones (default), or the sync ones of a {@link
 * SyncAdapter}.
 */
export type CacheSuiteOptions = { readonly name: string } & (
  | { readonly createAdapter: () => Adapter; readonly twins?: 'async' | undefined }
  | { readonly createAdapter: () => SyncAdapter; readonly twins: 'sync' }
)

/**
 * Tests the contract of Django's cache: every method of a cache on this adapter. A test title starts with its
 * line in `docs/conformance.md`, which explains why some lines do not apply. Additions of nearcache to Django
 * have no line and are tested here too. The adapter's own `supports` decides which cases run. For Vitest, in
 * any runtime.
 * @example
 * ```ts
 * import { memoryAdapter } from 'nearcache/memory'
 * import { cacheSuite } from 'nearcache/testing'
 *
 * cacheSuite({ name: 'memory', createAdapter: () => memoryAdapter() })
 * cacheSuite({ name: 'memory', createAdapter: () => memoryAdapter(), twins: 'sync' })
 * ```
 */
export function cacheSuite({ name, createAdapter, twins = 'async' }: CacheSuiteOptions): void {
  describe(`cache on ${name}, ${twins}`, () => {
    const context = contextOf(createAdapter, twins)
    setGetAdd(context)
    expiry(context)
    touch(context)
    hasKey(context)
    deleteAndClear(context)
    incrDecr(context)
    bulk(context)
    getOrSet(context)
    superseding(context)
    if (twins === 'async') loading(context)
    versions(context)
    versionMoves(context)
    keys(context)
    badInput(context)
    badOptions(context)
    oddKeys(context)
    ttlAndPop(context)
    incrInitial(context)
    locks(context)
    freshness(context)
    if (context.supports.tags) tags(context)
    if (context.supports.listing) listing(context)
    if (twins === 'async') staleValues(context)
    if (twins === 'async') lockWaiting(context)
  })
}

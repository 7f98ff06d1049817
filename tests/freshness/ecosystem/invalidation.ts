import { expect } from 'vitest'
import type { AsyncCache } from '../../../src/core/cache.ts'
import { heldLoader, type Row, settle, type World } from './world.ts'

const WINDOW = { timeout: 10, staleWhileRevalidate: 60, tags: ['user:1'] }

/** Runs a change while a loader runs, in another process if there are several. Returns what is stored after it. */
async function storedAfter(
  { open }: World,
  change: (other: AsyncCache) => Promise<unknown>,
): Promise<unknown> {
  const cache = open()
  const { load, resolve, begun } = heldLoader<string>()
  const asked = cache.agetOrSet('k', load, { tags: ['user:1'] })
  await begun
  await change(open())
  resolve('old')
  await asked
  return cache.aget('k')
}

/** Late loaders and tags. */
export const invalidation: readonly Row[] = [
  {
    reports: [
      'FusionCache#535',
      'logto#9428',
      'mochi#348',
      'fluxer#2246',
      'cache-manager, cacheable, bentocache, cachified, @unkey/cache (peers.md finding 4)',
    ],
    title: 'a load that began before adelete does not bring the value back',
    async run(world) {
      expect(await storedAfter(world, (other) => other.adelete('k'))).toBeUndefined()
    },
  },
  {
    reports: ['FusionCache#535', 'logto#9428', 'mochi#348', 'fluxer#2246'],
    title: 'a load that began before aset does not overwrite the new value',
    async run(world) {
      expect(await storedAfter(world, (other) => other.aset('k', 'new'))).toBe('new')
    },
  },
  {
    reports: ['nearcache (ecosystem.md section 10: a group invalidated across tabs)', 'inertia#2484'],
    title: 'a load that began before its tag was invalidated is not stored',
    async run(world) {
      expect(await storedAfter(world, (other) => other.adeleteTags('user:1'))).toBeUndefined()
      expect(await storedAfter(world, (other) => other.aexpireTags('user:1'))).toBeUndefined()
    },
  },
  {
    reports: [
      'care_fe#16527',
      'lago-front#3683',
      'azion-console-kit#3055',
      'first-tree#1970',
      'app-runtime#1002',
    ],
    title: 'a logout that clears beats the loads in flight',
    async run(world) {
      expect(await storedAfter(world, (other) => other.aclear())).toBeUndefined()
    },
  },
  {
    reports: ['ecosystem.md 7.6 (an invalidation during a refresh)'],
    title: 'a refresh in the background loses to an invalidation, too',
    async run({ open, advance }) {
      const [cache, other] = [open(), open()]
      for (const invalidate of [() => other.adelete('k'), () => other.adeleteTags('user:1')]) {
        await cache.aset('k', 'old', WINDOW)
        advance(20)
        const { load, resolve, begun } = heldLoader<string>()
        expect(await cache.agetOrSet('k', load, WINDOW)).toBe('old')
        await begun
        await invalidate()
        resolve('outdated')
        await settle()
        expect(await cache.aget('k')).toBeUndefined()
        expect(await other.agetOrSet('k', async () => 'new', WINDOW)).toBe('new')
      }
    },
  },
  {
    reports: ['mochi#348', 'fluxer#2246'],
    title: 'who asks after an invalidation does not get the load that began before it',
    async run({ open }) {
      const [cache, other] = [open(), open()]
      for (const invalidate of [
        () => other.adelete('k'),
        () => other.aclear(),
        () => other.adeleteTags('user:1'),
        () => other.aexpireTags('user:1'),
      ]) {
        await cache.adelete('k')
        const { load, resolve, begun } = heldLoader<string>()
        const before = cache.agetOrSet('k', load, WINDOW)
        await begun
        await invalidate()
        const after = cache.agetOrSet('k', async () => 'new', WINDOW)
        await settle()
        resolve('old')
        expect(await after).toBe('new')
        // Those who waited get what was loaded, or what another call has stored since.
        expect(['old', 'new']).toContain(await before)
      }
    },
  },
  {
    reports: ['opennextjs-cloudflare#1058', 'opennextjs-cloudflare#1185', 'opennextjs-cloudflare#1263'],
    title:
      'a tag has a soft invalidation: stale is served, one refresh runs, and only readers of the tag are affected',
    async run({ open }) {
      const [cache, other] = [open(), open()]
      await cache.aset('k', 'old', WINDOW)
      await cache.aset('foreign', 'kept', { ...WINDOW, tags: ['user:2'] })
      await other.aexpireTags('user:1')
      expect(await cache.agetOrSet('k', async () => 'new', WINDOW)).toBe('old')
      await settle()
      expect(await other.aget('k')).toBe('new')
      expect(await cache.aget('foreign')).toBe('kept')
    },
  },
  {
    reports: ['undici#3759', 'inertia#2484', 'async-cache-dedupe (references)'],
    title: 'one call invalidates all values of a tag, and none that is written after it',
    async run({ open }) {
      const [cache, other] = [open(), open()]
      await cache.asetMany({ a: 1, b: 2 }, { tags: ['list', 'user:1'] })
      await cache.aset('c', 3, { tags: ['list'] })
      await other.adeleteTags('user:1')
      await other.aset('a', 4, { tags: ['user:1'] })
      expect(await cache.agetMany(['a', 'b', 'c'])).toEqual(
        new Map([
          ['a', 4],
          ['c', 3],
        ]),
      )
    },
  },
  {
    reports: ['LibreChat#10644', 'keyv#1222', 'peers.md 1e (keyv: clearing a wiped a::b)'],
    title: 'tags and clears of one user leave those of the others alone',
    async run({ open }) {
      const prefixes = ['1', '1:1', '2']
      const caches = prefixes.map((keyPrefix) => open({ keyPrefix }))
      for (const cache of caches) await cache.aset('k', 'v', { tags: ['t'] })
      await caches[0]?.adeleteTags('t')
      expect(await Promise.all(caches.map((cache) => cache.aget('k')))).toEqual([undefined, 'v', 'v'])
      await caches[0]?.aset('k', 'v')
      await caches[2]?.aclear()
      expect(await Promise.all(caches.map((cache) => cache.aget('k')))).toEqual(['v', 'v', undefined])
    },
  },
]

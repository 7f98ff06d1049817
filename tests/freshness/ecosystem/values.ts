import { expect } from 'vitest'
import * as z from 'zod'
import type { CacheEvent } from '../../../src/core/metrics.ts'
import type { GetOrSetStatus } from '../../../src/core/options.ts'
import type { CacheChange } from '../../../src/core/subscribe.ts'
import { fails, heldLoader, type Row, settle } from './world.ts'

/** What is cached, who is told, and what is left behind. */
export const values: readonly Row[] = [
  {
    reports: ['cacheable#25', 'cacheable#185', 'cacheable#1134', 'bentocache#45', 'keyv#431'],
    title: '0, false, null, an empty string and NaN are values, and are loaded once',
    async run({ open }) {
      const cache = open()
      for (const value of [0, false, null, '', Number.NaN]) {
        const key = `of:${String(value)}`
        expect(await cache.agetOrSet<unknown>(key, async () => value)).toBe(value)
        expect(await cache.agetOrSet<unknown>(key, fails)).toBe(value)
      }
    },
  },
  {
    reports: ['nitro (values must be JSON)', 'keyv and bentocache (peers.md 1c)'],
    title: 'a Map, a Set, a Date and a bigint come back from a hit as from a load',
    async run({ open }) {
      const cache = open()
      const value = { map: new Map([['a', new Set([1])]]), date: new Date(5), big: 10n }
      expect(await cache.agetOrSet('k', async () => value)).toEqual(value)
      expect(await cache.agetOrSet('k', fails)).toEqual(value)
    },
  },
  {
    reports: ['cache-manager, cacheable, lru-cache (peers.md 1c)'],
    title: 'whoever changes what it got changes nothing for the others',
    async run({ open }) {
      const cache = open({ onWarning: () => {} })
      const { load, resolve } = heldLoader<{ roles: string[] }>()
      const asked = [1, 2].map(() => cache.agetOrSet('k', load, { staleIfError: 60 }))
      await settle()
      const loaded = { roles: ['reader'] }
      resolve(loaded)
      const [first, second] = await Promise.all(asked)
      first?.roles.push('admin')
      loaded.roles.push('owner')
      expect(second).toEqual({ roles: ['reader'] })
      const hit = await cache.agetOrSet('k', load)
      hit.roles.push('admin')
      await cache.aexpire('k')
      expect(await cache.agetOrSet('k', fails, { staleIfError: 60 })).toEqual({ roles: ['reader'] })
    },
  },
  {
    reports: ['TanStack/db#901'],
    title: 'a loaded value with a function in it is refused with its place, and nothing is stored',
    async run({ open }) {
      const cache = open()
      const load = async () => ({ meta: { format: () => '' } })
      await expect(cache.agetOrSet('k', load)).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        message: expect.stringMatching(/meta.*format/),
      })
      expect(await cache.ahasKey('k')).toBe(false)
    },
  },
  {
    reports: ['get-bb/bb#1906', 'TanStack Query busters (ecosystem.md 5.11)'],
    title: 'a stored value of an outdated shape is a miss, and is loaded again',
    async run({ open }) {
      const [old, current] = [open(), open({ schema: z.object({ name: z.string(), age: z.number() }) })]
      await old.aset('k', { name: 'Ada' })
      expect(await current.agetOrSet('k', async () => ({ name: 'Ada', age: 36 }))).toEqual({
        name: 'Ada',
        age: 36,
      })
      expect(await old.aget('k')).toEqual({ name: 'Ada', age: 36 })
    },
  },
  {
    reports: ['nearcache (ecosystem.md section 10: "3 minutes old" needs a wrapper around every value)'],
    title: 'a call tells how old a value is, and how long it is fresh',
    async run({ open, advance }) {
      const cache = open()
      await cache.agetOrSet('k', async () => 'v', { timeout: 300, keepAge: true })
      advance(180)
      const status: GetOrSetStatus = {}
      await cache.agetOrSet('k', fails, { status })
      expect(status).toMatchObject({ source: 'hit', age: 180, ttl: 120 })
      expect(await cache.aentry('k')).toEqual({ value: 'v', age: 180, ttl: 120, isStale: false, tags: [] })
    },
  },
  {
    reports: ['cacheable#195', 'keyv#1593', 'type-cacheable#227', 'bentocache#76'],
    title: 'hits, misses and loads are counted, and told with their key',
    async run({ open }) {
      const events: CacheEvent[] = []
      const cache = open({ onEvent: (event) => events.push(event) })
      await cache.agetOrSet('k', async () => 'v')
      await cache.agetOrSet('k', fails)
      await expect(cache.agetOrSet('other', fails)).rejects.toThrow('no network')
      expect(cache.stats()).toEqual({ hits: 1, misses: 2, stale: 0, loads: 1, failedLoads: 1 })
      expect(events.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
        'miss k',
        'loaded k',
        'hit k',
        'miss other',
        'load-failed other',
      ])
    },
  },
  {
    reports: [
      'nearcache (ecosystem.md section 10: subscribe spoke in stored keys, and of locks)',
      'keyv#1142',
    ],
    title: 'subscribe tells the caller’s own keys and tags, without those of locks and claims',
    async run({ open }) {
      const cache = open({ keyPrefix: 'app' })
      const changes: CacheChange[] = []
      cache.subscribe((change) => changes.push(change))
      await cache.agetOrSet('k', async () => 'v', { tags: ['t'] })
      await cache.agetOrSet('k', fails)
      const lock = await cache.alock('lock', { timeout: 5 })
      await lock?.release()
      await cache.adeleteTags('t')
      await settle()
      expect(changes).toEqual([
        { kind: 'changed', keys: ['k'] },
        { kind: 'invalidated', tags: ['t'] },
      ])
    },
  },
  {
    reports: ['cacheable#1685', 'keyv#925', 'got#1523'],
    title: 'a thousand calls leave no listener on the signal that they share',
    async run({ open }) {
      const cache = open()
      const { signal } = new AbortController()
      let listening = 0
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      Object.assign(signal, {
        addEventListener: (...given: Parameters<typeof add>) => {
          listening += 1
          add(...given)
        },
        removeEventListener: (...given: Parameters<typeof remove>) => {
          listening -= 1
          remove(...given)
        },
      })
      const { load, resolve } = heldLoader<string>()
      const asked = Array.from({ length: 1_000 }, () => cache.agetOrSet('k', load, { signal }))
      await settle()
      expect(listening).toBeGreaterThan(0)
      resolve('v')
      await Promise.all(asked)
      await settle()
      expect(listening).toBe(0)
    },
  },
  {
    reports: ['cacheable#1685', 'keyv#925'],
    title: 'a listener that has unsubscribed is told nothing more',
    async run({ open }) {
      const cache = open()
      const changes: CacheChange[] = []
      const stops = Array.from({ length: 100 }, () => cache.subscribe((change) => changes.push(change)))
      for (const stop of stops) stop()
      await cache.agetOrSet('k', async () => 'v')
      await settle()
      expect(changes).toEqual([])
    },
  },
]

import { expect } from 'vitest'
import { fails, heldLoader, type Row, settle } from './world.ts'

/** Stampedes, and what those who wait get. */
export const singleFlight: readonly Row[] = [
  {
    reports: ['layercache (its first promise)', 'alook#157', 'django-redis#27', 'django-cacheops#460'],
    title: 'a hundred requests of a cold key are one load',
    async run({ open }) {
      const cache = open()
      const { load, resolve, calls } = heldLoader<string>()
      const asked = Array.from({ length: 100 }, () => cache.agetOrSet('k', load))
      await settle()
      resolve('v')
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['v']))
      expect(calls()).toBe(1)
    },
  },
  {
    reports: [
      'cacheable#1201',
      'FusionCache#574',
      'TanStack/query#336',
      'nearcache (ecosystem.md section 10)',
    ],
    title: 'a hundred requests in each of eight processes are one load',
    async run({ open }) {
      const { load, resolve, calls } = heldLoader<string>()
      const caches = Array.from({ length: 8 }, () => open())
      const asked = caches.flatMap((cache) => Array.from({ length: 100 }, () => cache.agetOrSet('k', load)))
      await settle()
      resolve('v')
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['v']))
      expect(calls()).toBe(1)
    },
  },
  {
    reports: ['django-redis-cache#112'],
    title: 'those who wait for the load of another get its value, and not nothing',
    async run({ open }) {
      const { load, resolve, begun } = heldLoader<string>()
      const first = open().agetOrSet('k', load)
      await begun
      const second = open().agetOrSet('k', load)
      await settle()
      resolve('v')
      expect(await Promise.all([first, second])).toEqual(['v', 'v'])
    },
  },
  {
    reports: ['flarebase-auth#5'],
    title: 'a token that can be renewed only once is renewed only once',
    async run({ open, advance }) {
      let valid = 'token 0'
      const renew = async () => {
        const used = valid
        await settle()
        if (used !== valid) throw new Error('this refresh token was used before')
        valid = `token ${Number(used.slice(6)) + 1}`
        return valid
      }
      const caches = Array.from({ length: 4 }, () => open())
      for (const expected of ['token 1', 'token 2']) {
        const tokens = await Promise.all(caches.map((cache) => cache.agetOrSet('session', renew, 60)))
        expect(new Set(tokens)).toEqual(new Set([expected]))
        advance(60)
      }
    },
  },
  {
    reports: ['stale-while-revalidate-cache#48'],
    title: 'the end of a load wakes each of those who wait once',
    async run({ open }) {
      let decoded = 0
      const cache = open()
      const { load, resolve } = heldLoader<object>()
      const asked = Array.from({ length: 500 }, () => cache.agetOrSet('k', load))
      const woken = asked.map((one) => one.then(() => (decoded += 1)))
      await settle()
      resolve({ n: 1 })
      await Promise.all(woken)
      expect(decoded).toBe(500)
      expect(cache.stats()).toMatchObject({ loads: 1, misses: 500, hits: 0 })
    },
  },
  {
    reports: ['peers.md 1c (cacheable resolves with undefined)'],
    title: 'all who wait for a load that fails get its error, and never undefined',
    async run({ open }) {
      const cache = open()
      const { load, reject, calls } = heldLoader<string>()
      const asked = Promise.allSettled([1, 2, 3].map(() => cache.agetOrSet('k', load)))
      await settle()
      const error = new Error('no network')
      reject(error)
      expect(await asked).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: error })))
      expect(calls()).toBe(1)
    },
  },
  {
    reports: ['redux-toolkit#4260', 'ecosystem.md 7.6 (an error is cached as a value)'],
    title: 'an error is not cached: the next call loads',
    async run({ open }) {
      const cache = open()
      await expect(cache.agetOrSet('k', fails)).rejects.toThrow('no network')
      expect(await cache.ahasKey('k')).toBe(false)
      expect(await cache.agetOrSet('k', async () => 'v')).toBe('v')
    },
  },
  {
    reports: ['nearcache (ecosystem.md section 10: a closed tab blocked the next one)', 'ecosystem.md 7.6'],
    title: 'a process that was killed while it loaded blocks nobody longer than its claim',
    only: 'processes',
    async run({ open, advance }) {
      const killed = heldLoader<string>()
      open().agetOrSet('k', killed.load, { hardTimeout: 10_000 })
      await killed.begun
      advance(10_006)
      expect(await open().agetOrSet('k', async () => 'v')).toBe('v')
    },
  },
  {
    reports: ['TanStack/query#11391'],
    title: 'a process that opens later does not wipe what others have loaded',
    async run({ open }) {
      await open().agetOrSet('k', async () => 'v')
      const later = open()
      later.subscribe(() => {})
      await expect(later.agetOrSet('other', fails)).rejects.toThrow('no network')
      expect(await later.aget('k')).toBe('v')
    },
  },
  {
    reports: ['keyv#1470', 'keyv#1496', 'keyv#1679', 'cacheable#53', 'keyv#1472', 'keyv#1750'],
    title: 'an outage is an error, or with onError a load: never a silent miss, and never for ever',
    // Memory has no outages.
    only: 'processes',
    async run({ open }) {
      const broken = { read: () => Promise.reject(new Error('connection lost')) }
      await expect(open({}, broken).agetOrSet('k', async () => 'v')).rejects.toMatchObject({
        code: 'ADAPTER_FAILED',
      })
      const heard: string[] = []
      const onError = ({ code }: { code: string }) => {
        heard.push(code)
        return 'miss' as const
      }
      expect(await open({ onError }, broken).agetOrSet('k', async () => 'v')).toBe('v')
      expect(heard).toContain('ADAPTER_FAILED')
      const silent = { read: () => new Promise<never>(() => {}) }
      await expect(
        open({ operationTimeout: 0.01 }, silent).agetOrSet('k', async () => 'v'),
      ).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
    },
  },
]

import { expect, vi } from 'vitest'
import type { LoadContext } from '../../../src/core/loader.ts'
import type { GetOrSetStatus } from '../../../src/core/options.ts'
import { fails, heldLoader, type Row, settle } from './world.ts'

const WINDOW = { timeout: 10, staleWhileRevalidate: 60 }
const IF_ERROR = { timeout: 10, staleIfError: 60 }

/** Stale values, refreshes in the background, and errors. */
export const stale: readonly Row[] = [
  {
    reports: ['stale-while-revalidate-cache#48', 'bentocache#34', 'ecosystem.md 7.6'],
    title: 'a stale value is returned while its refresh runs, also to those who come later',
    async run({ open, advance }) {
      const [cache, other] = [open(), open()]
      await cache.aset('k', 'old', WINDOW)
      advance(20)
      const { load, begun } = heldLoader<string>()
      expect(await cache.agetOrSet('k', load, WINDOW)).toBe('old')
      await begun
      expect(await cache.agetOrSet('k', load, WINDOW)).toBe('old')
      expect(await other.agetOrSet('k', load, WINDOW)).toBe('old')
    },
  },
  {
    reports: ['async-cache-dedupe#164', 'ecosystem.md 7.6'],
    title: 'one refresh runs, however many ask while the value is stale, in however many processes',
    async run({ open, advance }) {
      const caches = Array.from({ length: 4 }, () => open())
      await caches[0]?.aset('k', 'old', WINDOW)
      advance(20)
      const { load, resolve, calls } = heldLoader<string>()
      for (const cache of caches)
        await Promise.all(Array.from({ length: 50 }, () => cache.agetOrSet('k', load, WINDOW)))
      await settle()
      expect(calls()).toBe(1)
      resolve('new')
      await settle()
      for (const cache of caches) expect(await cache.agetOrSet('k', load, WINDOW)).toBe('new')
      expect(calls()).toBe(1)
    },
  },
  {
    reports: ['nitro#1198', 'nitro#1422', 'nitro#2672', 'nitro#3063', 'vinext#425', 'ecosystem.md 7.6'],
    title: 'what waitUntil holds ends only when the refreshed value is stored',
    async run({ open, advance }) {
      const held: Promise<unknown>[] = []
      const cache = open({ waitUntil: (promise) => held.push(promise) })
      await cache.aset('k', 'old', WINDOW)
      advance(20)
      expect(await cache.agetOrSet('k', async () => 'new', WINDOW)).toBe('old')
      expect(held).toHaveLength(1)
      await held[0]
      expect(await cache.aget('k')).toBe('new')
    },
  },
  {
    reports: ['nitro#1198', 'vinext#425', 'ecosystem.md 7.6'],
    title: 'a process that was killed between answer and write leaves nothing stale for ever',
    only: 'processes',
    async run({ open, advance }) {
      const [killed, other] = [open(), open()]
      const options = { ...WINDOW, staleWhileRevalidate: null }
      await killed.aset('k', 'old', options)
      advance(20)
      const { load, begun } = heldLoader<string>()
      expect(await killed.agetOrSet('k', load, options)).toBe('old')
      await begun
      expect(await other.agetOrSet('k', async () => 'new', options)).toBe('old')
      await settle()
      expect(await other.aget('k')).toBeUndefined()
      advance(31)
      expect(await other.agetOrSet('k', async () => 'new', options)).toBe('old')
      await settle()
      expect(await other.aget('k')).toBe('new')
    },
  },
  {
    reports: ['nitro#1948'],
    title: 'nothing stale is returned to those who did not ask for it',
    async run({ open, advance }) {
      const cache = open()
      await cache.aset('k', 'old', 10)
      await cache.aset('stale', 'old', WINDOW)
      advance(10)
      expect(await cache.agetOrSet('k', async () => 'new', WINDOW)).toBe('new')
      expect(await cache.aget('stale')).toBeUndefined()
      expect(await cache.agetMany(['stale'])).toEqual(new Map())
      expect(await cache.apop('stale')).toBeUndefined()
    },
  },
  {
    reports: ['lru-cache#263', 'worktop#69'],
    title: 'a load that fails returns the old value within staleIfError, and says so',
    async run({ open, advance }) {
      const cache = open({ onWarning: () => {} })
      await cache.aset('k', 'old', IF_ERROR)
      advance(20)
      const status: GetOrSetStatus = {}
      expect(await cache.agetOrSet('k', fails, { ...IF_ERROR, status })).toBe('old')
      expect(status).toMatchObject({ source: 'stale-if-error', age: 20, error: new Error('no network') })
      advance(50)
      await expect(cache.agetOrSet('k', fails, IF_ERROR)).rejects.toThrow('no network')
    },
  },
  {
    reports: ['ecosystem.md 7.6 (a refresh that fails)', 'peers.md 1d (errors that are only an event)'],
    title: 'a refresh that fails is told, keeps the old value, and does not stop the next refresh',
    async run({ open, advance }) {
      const onWarning = vi.fn()
      const cache = open({ onWarning })
      await cache.aset('k', 'old', WINDOW)
      advance(20)
      expect(await cache.agetOrSet('k', fails, WINDOW)).toBe('old')
      await settle()
      expect(onWarning).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'LOAD_FAILED' }))
      expect(await cache.agetOrSet('k', async () => 'new', WINDOW)).toBe('old')
      await settle()
      expect(await cache.aget('k')).toBe('new')
    },
  },
  {
    reports: ['cachified#46', 'nitro#889'],
    title: 'aexpire is a soft purge: the old value is served while the new one loads',
    async run({ open }) {
      const cache = open()
      await cache.aset('k', 'old', WINDOW)
      expect(await cache.aexpire('k')).toBe(true)
      expect(await cache.agetOrSet('k', async () => 'new', WINDOW)).toBe('old')
      await settle()
      expect(await cache.aget('k')).toBe('new')
    },
  },
  {
    reports: ['axios-cache-interceptor#49'],
    title: 'the loader gets the stale value, to ask the source whether it has changed',
    async run({ open, advance }) {
      const cache = open()
      const answer = { etag: '"1"', body: 'text' }
      await cache.aset('k', answer, IF_ERROR)
      advance(20)
      const revalidate = async ({ stale }: LoadContext) => {
        expect(stale).toEqual({ value: answer, age: 20 })
        return stale?.value as typeof answer
      }
      expect(await cache.agetOrSet('k', revalidate, IF_ERROR)).toEqual(answer)
      expect(await cache.attl('k')).toBe(10)
    },
  },
  {
    reports: ['cacheable#965', 'cacheable#975'],
    title: 'the loader sets the timeout from what it has loaded',
    async run({ open }) {
      const cache = open()
      const load = async ({ setOptions }: LoadContext) => {
        const token = { value: 'abc', expiresIn: 90 }
        setOptions({ timeout: token.expiresIn })
        return token
      }
      await cache.agetOrSet('k', load, 10)
      expect(await cache.attl('k')).toBe(90)
    },
  },
  {
    reports: ['ttlcache#41', 'bentocache#61', 'bentocache#66', 'TanStack/query#1646'],
    title: 'timeouts, windows and limits of more than 24.8 days do not end at once',
    async run({ open, advance }) {
      const days = 86_400
      const cache = open()
      const options = { timeout: 30 * days, staleWhileRevalidate: 300 * days }
      const limits = { hardTimeout: 300 * days, softTimeout: 300 * days }
      const load = async () => {
        await settle()
        return 'v'
      }
      expect(await cache.agetOrSet('k', load, { ...options, ...limits })).toBe('v')
      advance(29 * days)
      expect(await cache.aget('k')).toBe('v')
      advance(300 * days)
      const { load: refresh, begun } = heldLoader<string>()
      expect(await cache.agetOrSet('k', refresh, { ...options, ...limits })).toBe('v')
      await begun
    },
  },
]

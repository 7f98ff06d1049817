import { describe, expect, it } from 'vitest'
import type { LoadContext } from '../../core/loader.ts'
import type { GetOrSetStatus } from '../../core/options.ts'
import type { TestedCache } from '../sync-twins.ts'
import type { Context } from './context.ts'

const windows = { timeout: 10, staleWhileRevalidate: 60 }

/** A loader that the test ends. */
function deferred<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const begun = Promise.withResolvers<LoadContext>()
  const load = (context: LoadContext): Promise<T> => {
    begun.resolve(context)
    return promise
  }
  return { load, resolve, reject, begun: begun.promise }
}

/** `agetOrSet` with stale windows, and changes that come while it loads. */
export function staleValues({ open, supports }: Context): void {
  describe('agetOrSet with stale windows', () => {
    it('returns a stale value at once, and loads a new one in the background, once', async () => {
      const { cache, clock } = open()
      const ended: Promise<unknown>[] = []
      const main = cache({ waitUntil: (promise) => ended.push(promise) })
      await main.aset('key', 'old', windows)
      clock.advance(20)
      const { load, resolve, begun } = deferred<string>()
      const status: GetOrSetStatus = {}
      expect(await main.agetOrSet('key', load, { ...windows, status })).toBe('old')
      expect(status).toMatchObject({ source: 'stale', age: 20, ttl: 0 })
      expect((await begun).stale).toEqual({ value: 'old', age: 20 })
      expect(await main.agetOrSet('key', () => 'not called', windows)).toBe('old')
      expect(await main.aget('key')).toBeUndefined()
      resolve('new')
      await Promise.all(ended)
      expect(await main.aget('key', { fresh: true })).toBe('new')
    })

    it('keeps the stale value if the refresh fails', async () => {
      const { cache, clock } = open()
      const ended: Promise<unknown>[] = []
      const main = cache({ waitUntil: (promise) => ended.push(promise) })
      await main.aset('key', 'old', windows)
      clock.advance(20)
      const failing = () => Promise.reject(new Error('no network'))
      expect(await main.agetOrSet('key', failing, windows)).toBe('old')
      await Promise.all(ended)
      expect(await main.agetOrSet('key', () => 'new', windows)).toBe('old')
      await Promise.all(ended)
      expect(await main.aget('key', { fresh: true })).toBe('new')
    })

    it('returns a value that staleIfError allows only if the loader fails', async () => {
      const { main, clock } = open()
      const options = { timeout: 10, staleIfError: 60 }
      await main.aset('key', 'old', options)
      clock.advance(20)
      const error = new Error('no network')
      const failing = () => Promise.reject(error)
      expect(await main.agetOrSet('key', failing, options)).toBe('old')
      expect(await main.agetOrSet('key', () => 'new', options)).toBe('new')
      clock.advance(80)
      await expect(main.agetOrSet('key', failing, options)).rejects.toBe(error)
    })

    it('returns what aexpire has made stale', async () => {
      const { cache, clock } = open()
      const ended: Promise<unknown>[] = []
      const main = cache({ waitUntil: (promise) => ended.push(promise) })
      await main.aset('key', 'old', { timeout: null, staleWhileRevalidate: 60 })
      clock.advance(1)
      await main.aexpire('key')
      expect(await main.agetOrSet('key', () => 'new', windows)).toBe('old')
      await Promise.all(ended)
      expect(await main.aget('key', { fresh: true })).toBe('new')
    })

    it('lets the loader set the options, or decline to store', async () => {
      const { main, clock } = open()
      const load = ({ setOptions }: LoadContext) => {
        setOptions({ timeout: 5, staleWhileRevalidate: 10 })
        return 'v'
      }
      expect(await main.agetOrSet('key', load, 1_000)).toBe('v')
      clock.advance(6)
      expect(await main.aentry('key')).toMatchObject({ age: 6, isStale: true })
      const declining = ({ skip }: LoadContext) => {
        skip()
        return 'v'
      }
      expect(await main.agetOrSet('other', declining)).toBe('v')
      expect(await main.ahasKey('other')).toBe(false)
    })
  })

  const changes: [string, (cache: TestedCache) => Promise<unknown>, left?: unknown][] = [
    ['set', (cache) => cache.aset('key', 'theirs'), 'theirs'],
    ['delete', (cache) => cache.adelete('key')],
    ['deleteMany', (cache) => cache.adeleteMany(['key'])],
    ['clear', (cache) => cache.aclear()],
    ['expire', (cache) => cache.aexpire('key')],
    ['deleteTags', (cache) => cache.adeleteTags('x')],
    ['expireTags', (cache) => cache.aexpireTags('x')],
    [
      'a value that came and went',
      async (cache) => {
        await cache.aset('key', 'theirs')
        await cache.adelete('key')
      },
    ],
  ]

  describe.each([
    ['in this process', 'here', true],
    ['in another process', 'elsewhere', supports.sharedLoads],
  ] as const)('a load, and a change that comes while it runs, %s', (_, where, isDetected) => {
    for (const [name, change, left] of changes) {
      it.runIf(isDetected && (supports.tags || !name.endsWith('Tags')))(`${name} wins`, async () => {
        const { main, elsewhere } = open()
        const { load, resolve, begun } = deferred<string>()
        const asked = main.agetOrSet('key', load, { tags: supports.tags ? ['x'] : [], timeout: null })
        await begun
        await change(where === 'here' ? main : elsewhere())
        resolve('loaded')
        expect(await asked).toBe(left ?? 'loaded')
        expect(await main.aget('key', { fresh: true })).toBe(left)
        expect(await main.agetOrSet('key', () => 'next')).toBe(left ?? 'next')
      })
    }
  })

  describe.runIf(supports.sharedLoads)('one load at a time, also in other processes', () => {
    it('gives the value of one load to all', async () => {
      const { main, elsewhere } = open()
      const { load, resolve, begun } = deferred<{ n: number }>()
      const others = Array.from({ length: 3 }, () => elsewhere())
      const first = main.agetOrSet('key', load)
      await begun
      const statuses: GetOrSetStatus[] = others.map(() => ({}))
      const asked = others.map((cache, index) =>
        cache.agetOrSet('key', () => Promise.reject(new Error('a second load')), {
          status: statuses[index] as GetOrSetStatus,
        }),
      )
      resolve({ n: 1 })
      expect(await Promise.all([first, ...asked])).toEqual(Array.from({ length: 4 }, () => ({ n: 1 })))
      for (const { source } of statuses) expect(['shared', 'hit']).toContain(source)
    })

    it('lets the next one load if the loader fails', async () => {
      const { main, elsewhere } = open()
      const { load, reject, begun } = deferred<string>()
      const first = main.agetOrSet('key', load)
      await begun
      const second = elsewhere().agetOrSet('key', () => 'second')
      reject(new Error('no network'))
      await expect(first).rejects.toThrow('no network')
      expect(await second).toBe('second')
    })
  })
}

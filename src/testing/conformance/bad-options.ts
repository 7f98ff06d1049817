import { describe, expect, it } from 'vitest'
import type { TestedCache } from '../sync-twins.ts'
import type { Context } from './context.ts'
import { expectStock, messageOf, stocked } from './stock.ts'

/** Every method that takes a timeout, called with an invalid one. */
const timeouts: readonly {
  readonly name: string
  readonly run: (cache: TestedCache, timeout: never) => Promise<unknown>
}[] = [
  { name: 'set', run: (cache, timeout) => cache.aset('key', 'new', timeout) },
  { name: 'set, in a bag', run: (cache, timeout) => cache.aset('key', 'new', { timeout }) },
  { name: 'add', run: (cache, timeout) => cache.aadd('absent', 'new', timeout) },
  { name: 'touch', run: (cache, timeout) => cache.atouch('key', timeout) },
  { name: 'setMany', run: (cache, timeout) => cache.asetMany({ key: 'new', absent: 'new' }, timeout) },
  { name: 'getOrSet', run: (cache, timeout) => cache.agetOrSet('absent', () => 'new', timeout) },
  { name: 'incr', run: (cache, timeout) => cache.aincr('absent', 1, { initial: 0, timeout }) },
  { name: 'decr', run: (cache, timeout) => cache.adecr('absent', 1, { initial: 0, timeout }) },
  { name: 'lock', run: (cache, timeout) => cache.alock('absent', { timeout }) },
]

/** Every method, called with an unknown option. */
const misspelt: readonly {
  readonly name: string
  readonly run: (cache: TestedCache, options: never) => Promise<unknown>
}[] = [
  { name: 'get', run: (cache, options) => cache.aget('key', options) },
  { name: 'set', run: (cache, options) => cache.aset('key', 'new', options) },
  { name: 'add', run: (cache, options) => cache.aadd('absent', 'new', options) },
  { name: 'getOrSet', run: (cache, options) => cache.agetOrSet('absent', () => 'new', options) },
  { name: 'touch', run: (cache, options) => cache.atouch('key', options) },
  { name: 'delete', run: (cache, options) => cache.adelete('key', options) },
  { name: 'hasKey', run: (cache, options) => cache.ahasKey('key', options) },
  { name: 'ttl', run: (cache, options) => cache.attl('key', options) },
  { name: 'pop', run: (cache, options) => cache.apop('key', options) },
  { name: 'lock', run: (cache, options: object) => cache.alock('absent', { timeout: 60, ...options }) },
  { name: 'incr', run: (cache, options) => cache.aincr('number', 1, options) },
  { name: 'decr', run: (cache, options) => cache.adecr('number', 1, options) },
  { name: 'getMany', run: (cache, options) => cache.agetMany(['key'], options) },
  { name: 'setMany', run: (cache, options) => cache.asetMany({ key: 'new', absent: 'new' }, options) },
  { name: 'deleteMany', run: (cache, options) => cache.adeleteMany(['key'], options) },
  { name: 'incrVersion', run: (cache, options) => cache.aincrVersion('key', 1, options) },
  { name: 'decrVersion', run: (cache, options) => cache.adecrVersion('key', 1, options) },
]

/** Invalid timeouts and options: each throws before anything changes. */
export function badOptions({ open, twins }: Context): void {
  describe('bad options', () => {
    it.each(timeouts)('refuses a timeout that is not a number of seconds, in $name', async ({ run }) => {
      const { main } = await stocked(open)
      for (const timeout of [Number.NaN, Number.POSITIVE_INFINITY, 1e13]) {
        await expect(run(main, timeout as never)).rejects.toThrow(RangeError)
      }
      for (const timeout of ['60', '', true, 60n, new Date(), [60], Symbol('s'), () => 60]) {
        await expect(run(main, timeout as never)).rejects.toThrow(TypeError)
      }
      await expectStock(main)
    })

    it.each(misspelt)('refuses an unknown option, in $name', async ({ run }) => {
      const { main } = await stocked(open)
      for (const options of [{ tiemout: 60 }, { verison: 2 }, { ttl: 60, version: 1 }]) {
        await expect(run(main, options as never)).rejects.toThrow(Object.keys(options)[0])
        await expect(run(main, options as never)).rejects.toThrow(TypeError)
      }
      await expectStock(main)
    })

    it.each(misspelt)(
      'refuses what is no bag of options, under its own name: $name',
      async ({ name, run }) => {
        if (name === 'lock') return
        const { main } = await stocked(open)
        // A default is passed like this in Django.
        for (const options of ['light', true, false, '', [], [60], new Date(), new Map()]) {
          const call = run(main, options as never)
          await expect(call).rejects.toThrow(TypeError)
          await expect(call).rejects.toThrow(messageOf(twins, name))
        }
        await expectStock(main)
      },
    )

    it('refuses 0 and null as options of methods without a timeout', async () => {
      const { main } = await stocked(open)
      for (const options of [0, null] as never[]) {
        for (const [name, call] of [
          ['get', main.aget('key', options)],
          ['delete', main.adelete('key', options)],
          ['hasKey', main.ahasKey('key', options)],
          ['ttl', main.attl('key', options)],
          ['pop', main.apop('key', options)],
          ['getMany', main.agetMany(['key'], options)],
          ['deleteMany', main.adeleteMany(['key'], options)],
          ['incr', main.aincr('number', 1, options)],
          ['incrVersion', main.aincrVersion('key', 1, options)],
        ] as const) {
          await expect(call).rejects.toThrow(TypeError)
          await expect(call).rejects.toThrow(messageOf(twins, name))
        }
      }
      await expectStock(main)
    })

    it('refuses a value of fresh other than true or false', async () => {
      const { main } = await stocked(open)
      for (const fresh of [null, 0, 1, '', 'no', {}]) {
        for (const [name, call] of [
          ['get', main.aget('key', { fresh } as never)],
          ['hasKey', main.ahasKey('key', { fresh } as never)],
          ['ttl', main.attl('key', { fresh } as never)],
          ['getMany', main.agetMany(['key'], { fresh } as never)],
        ] as const) {
          await expect(call).rejects.toThrow(TypeError)
          await expect(call).rejects.toThrow(messageOf(twins, name))
        }
      }
    })

    it.each(misspelt)('refuses an invalid version, in $name', async ({ run }) => {
      const { main } = await stocked(open)
      for (const version of [null, Number.NaN, Number.POSITIVE_INFINITY, '', {}, true]) {
        await expect(run(main, { version } as never)).rejects.toThrow(TypeError)
      }
      await expectStock(main)
    })

    it.each(misspelt)(
      'refuses an object that only converts to a version in use, in $name',
      async ({ run }) => {
        const { main } = await stocked(open)
        const pairs = { key: 'old', number: 41 }
        for (const version of ['2', 'true', 'NaN']) await main.asetMany(pairs, { version })
        for (const version of [[2], 2n, true, Number.NaN]) {
          await expect(run(main, { version } as never)).rejects.toThrow(TypeError)
        }
        for (const version of ['2', 'true', 'NaN']) {
          expect(await main.agetMany(['key', 'number'], { version })).toEqual(new Map(Object.entries(pairs)))
        }
      },
    )

    it('refuses bad options before it runs a loader, and also on a hit', async () => {
      const { main } = await stocked(open)
      let loads = 0
      const load = () => {
        loads += 1
        return 'new'
      }
      for (const key of ['key', 'absent']) {
        await expect(main.agetOrSet(key, load, '60' as never)).rejects.toThrow(TypeError)
        await expect(main.agetOrSet(key, load, { tiemout: 60 } as never)).rejects.toThrow(TypeError)
        await expect(main.agetOrSet(key, load, { fresh: 1 } as never)).rejects.toThrow(TypeError)
        for (const signal of [null, {}, 'signal', new AbortController()])
          await expect(main.agetOrSet(key, load, { signal } as never)).rejects.toThrow(TypeError)
      }
      expect(loads).toBe(0)
      await expectStock(main)
    })
  })
}

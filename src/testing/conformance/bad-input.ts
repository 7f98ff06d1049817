import { describe, expect, it } from 'vitest'
import type { CacheOptions } from '../../core/options.ts'
import type { TestedCache } from '../sync-twins.ts'
import { refusedValues } from '../values.ts'
import type { Context } from './context.ts'

/** Every method that takes a timeout, called with what is none. */
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

/** Every method, called with an option that it does not have. */
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

/** Values, timeouts, options and arguments that make no sense: told at once, and nothing is lost by them. */
export function badInput({ open, supports, twins }: Context): void {
  // Where objects are shared, nobody looks into them.
  const refused = refusedValues.filter(
    ({ make }) => supports.values !== 'shared' || typeof make() !== 'object',
  )

  describe('bad input', () => {
    it.each(refused)('refuses to store $name, and says where in the value it is', async ({ make, path }) => {
      const { main } = await stocked()
      const invalid = { name: 'CacheError', code: 'INVALID_VALUE', message: expect.stringContaining(path) }
      await expect(main.aset('key', make())).rejects.toMatchObject({ ...invalid, key: 'key' })
      await expect(main.aadd('absent', make())).rejects.toMatchObject({ ...invalid, key: 'absent' })
      await expectStock(main)
    })

    it.each(refused)('stores nothing of a setMany with $name in the middle', async ({ make, path }) => {
      const { main } = await stocked()
      await expect(main.asetMany({ key: 'new', broken: make(), absent: 'new' })).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        key: 'broken',
        message: expect.stringContaining(path),
      })
      await expectStock(main)
    })

    it('passes on as INVALID_VALUE what a value throws when it is read', async () => {
      if (supports.values === 'shared') return
      const { main } = await stocked()
      const cause = new Error('no')
      const value = {
        get broken() {
          throw cause
        },
      }
      await expect(main.aset('key', value)).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        key: 'key',
        cause,
      })
      await expectStock(main)
    })

    it.each(timeouts)('refuses a timeout that is no number of seconds, in $name', async ({ run }) => {
      const { main } = await stocked()
      for (const timeout of [Number.NaN, Number.POSITIVE_INFINITY, 1e13]) {
        await expect(run(main, timeout as never)).rejects.toThrow(RangeError)
      }
      for (const timeout of ['60', '', true, 60n, new Date(), [60], Symbol('s'), () => 60]) {
        await expect(run(main, timeout as never)).rejects.toThrow(TypeError)
      }
      await expectStock(main)
    })

    it.each(misspelt)('refuses an option that it does not have, in $name', async ({ run }) => {
      const { main } = await stocked()
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
        const { main } = await stocked()
        // As one gives a default in Django.
        for (const options of ['light', true, false, '', [], [60], new Date(), new Map()]) {
          const call = run(main, options as never)
          await expect(call).rejects.toThrow(TypeError)
          await expect(call).rejects.toThrow(nameOf(name))
        }
        await expectStock(main)
      },
    )

    it('refuses 0 and null for options, where no timeout may stand', async () => {
      const { main } = await stocked()
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
          await expect(call).rejects.toThrow(nameOf(name))
        }
      }
      await expectStock(main)
    })

    it('refuses a fresh that is neither true nor false', async () => {
      const { main } = await stocked()
      for (const fresh of [null, 0, 1, '', 'no', {}]) {
        for (const [name, call] of [
          ['get', main.aget('key', { fresh } as never)],
          ['hasKey', main.ahasKey('key', { fresh } as never)],
          ['ttl', main.attl('key', { fresh } as never)],
          ['getMany', main.agetMany(['key'], { fresh } as never)],
        ] as const) {
          await expect(call).rejects.toThrow(TypeError)
          await expect(call).rejects.toThrow(nameOf(name))
        }
      }
    })

    it.each(misspelt)('refuses a version that is none, in $name', async ({ run }) => {
      const { main } = await stocked()
      for (const version of [null, Number.NaN, Number.POSITIVE_INFINITY, '', {}, true]) {
        await expect(run(main, { version } as never)).rejects.toThrow(TypeError)
      }
      await expectStock(main)
    })

    it.each(misspelt)('refuses a version that only reads like one in use, in $name', async ({ run }) => {
      const { main } = await stocked()
      const pairs = { key: 'old', number: 41 }
      for (const version of ['2', 'true', 'NaN']) await main.asetMany(pairs, { version })
      for (const version of [[2], 2n, true, Number.NaN]) {
        await expect(run(main, { version } as never)).rejects.toThrow(TypeError)
      }
      for (const version of ['2', 'true', 'NaN']) {
        expect(await main.agetMany(['key', 'number'], { version })).toEqual(new Map(Object.entries(pairs)))
      }
    })

    it('refuses bad options before it runs a loader, and also on a hit', async () => {
      const { main } = await stocked()
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

    it('refuses keys that are no text', async () => {
      const { main } = await stocked()
      for (const key of [7, null, undefined, {}, ['key'], Symbol('s')] as never[]) {
        for (const call of [
          main.aget(key),
          main.aset(key, 'new'),
          main.aadd(key, 'new'),
          main.agetOrSet(key, () => 'new'),
          main.atouch(key),
          main.adelete(key),
          main.ahasKey(key),
          main.attl(key),
          main.apop(key),
          main.alock(key, { timeout: 60 }),
          main.aincr(key),
          main.adecr(key),
          main.agetMany(['key', key]),
          main.asetMany([
            ['key', 'new'],
            [key, 'new'],
          ]),
          main.adeleteMany(['key', key]),
          main.aincrVersion(key),
          main.adecrVersion(key),
        ]) {
          await expect(call).rejects.toThrow(TypeError)
        }
      }
      await expectStock(main)
    })

    it('refuses one key where there should be many, and what is no collection', async () => {
      const { main } = await stocked()
      const coming = Promise.resolve({ key: 'new' })
      for (const keys of [
        'key',
        7,
        null,
        undefined,
        { key: 1 },
        coming,
        new Map([['key', 1]]),
        new Uint8Array(),
      ]) {
        await expect(main.agetMany(keys as never)).rejects.toThrow(TypeError)
        await expect(main.agetMany(keys as never)).rejects.toThrow(nameOf('getMany'))
        await expect(main.adeleteMany(keys as never)).rejects.toThrow(TypeError)
        await expect(main.adeleteMany(keys as never)).rejects.toThrow(nameOf('deleteMany'))
      }
      class Row {
        readonly key = 'new'
      }
      for (const data of [
        'key',
        7,
        null,
        undefined,
        () => 1,
        coming,
        new Date(),
        new Error('no'),
        new Row(),
      ]) {
        await expect(main.asetMany(data as never)).rejects.toThrow(TypeError)
        await expect(main.asetMany(data as never)).rejects.toThrow(nameOf('setMany'))
      }
      await expect(main.asetMany(coming as never)).rejects.toThrow('await it first')
      await expectStock(main)
    })

    it('refuses texts where there should be pairs: they would come apart into letters', async () => {
      const { main } = await stocked()
      for (const data of [['absent'], ['ab', 'cd'], new Set(['ab']), [['key', 'new'], 'ab'], [['key']]]) {
        await expect(main.asetMany(data as never)).rejects.toThrow(TypeError)
      }
      expect([...(await main.agetMany(['a', 'c']))]).toEqual([])
      await expectStock(main)
    })

    it.each([
      { tiemout: 60 },
      { timeout: '60' },
      { timeout: Number.NaN },
      { keyPrefix: 7 },
      { keyPrefix: '\ud800' },
      { version: null },
      { version: '' },
      { keyFunction: 'md5' },
      { onWarning: null },
      { onError: 'miss' },
      { clock: 0 },
      { random: 0.5 },
      { sleep: true },
      { keys: 'loose' },
    ])('refuses to make a cache with %j', (setup) => {
      const { cache } = open()
      expect(() => cache(setup as unknown as CacheOptions)).toThrow(Object.keys(setup)[0])
    })
  })

  /** How the message of an error of this method begins. */
  function nameOf(name: string): RegExp {
    return new RegExp(`^${twins === 'async' ? 'a' : ''}${name} `)
  }

  /** A store in which there is something to lose. */
  async function stocked() {
    const scene = open()
    await scene.main.asetMany({ key: 'old', number: 41 }, 100)
    return scene
  }

  async function expectStock(main: TestedCache): Promise<void> {
    const stock = await main.agetMany(['key', 'number', 'absent', 'broken'])
    expect([...stock]).toEqual([
      ['key', 'old'],
      ['number', 41],
    ])
    expect(await main.attl('key')).toBe(100)
    expect(await main.attl('number')).toBe(100)
  }
}

import { describe, expect, it } from 'vitest'
import type { CacheOptions } from '../../core/options.ts'
import { refusedValues } from '../values.ts'
import type { Context } from './context.ts'
import { expectStock, messageOf, stocked } from './stock.ts'

/** Invalid values, keys and collections: each throws at once and changes nothing. */
export function badInput({ open, supports, twins }: Context): void {
  // Shared objects are not checked.
  const refused = refusedValues.filter(
    ({ make }) => supports.values !== 'shared' || typeof make() !== 'object',
  )

  describe('bad input', () => {
    it.each(refused)('refuses to store $name, and names its path', async ({ make, path }) => {
      const { main } = await stocked(open)
      const invalid = { name: 'CacheError', code: 'INVALID_VALUE', message: expect.stringContaining(path) }
      await expect(main.aset('key', make())).rejects.toMatchObject({ ...invalid, key: 'key' })
      await expect(main.aadd('absent', make())).rejects.toMatchObject({ ...invalid, key: 'absent' })
      await expectStock(main)
    })

    it.each(refused)('stores nothing of a setMany with $name in the middle', async ({ make, path }) => {
      const { main } = await stocked(open)
      await expect(main.asetMany({ key: 'new', broken: make(), absent: 'new' })).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        key: 'broken',
        message: expect.stringContaining(path),
      })
      await expectStock(main)
    })

    it('rejects with INVALID_VALUE if reading a value throws', async () => {
      if (supports.values === 'shared') return
      const { main } = await stocked(open)
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

    it('refuses keys that are not strings', async () => {
      const { main } = await stocked(open)
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

    it('refuses a single key instead of many, and anything that is not a collection', async () => {
      const { main } = await stocked(open)
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
        await expect(main.agetMany(keys as never)).rejects.toThrow(messageOf(twins, 'getMany'))
        await expect(main.adeleteMany(keys as never)).rejects.toThrow(TypeError)
        await expect(main.adeleteMany(keys as never)).rejects.toThrow(messageOf(twins, 'deleteMany'))
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
        await expect(main.asetMany(data as never)).rejects.toThrow(messageOf(twins, 'setMany'))
      }
      await expect(main.asetMany(coming as never)).rejects.toThrow('await it first')
      await expectStock(main)
    })

    it('refuses strings instead of pairs, which would be split into characters', async () => {
      const { main } = await stocked(open)
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
    ])('refuses to create a cache with %j', (setup) => {
      const { cache } = open()
      expect(() => cache(setup as unknown as CacheOptions)).toThrow(Object.keys(setup)[0])
    })
  })
}

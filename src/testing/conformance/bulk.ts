import { describe, expect, it } from 'vitest'
import { alias, type Context } from './context.ts'

/** Lines 84 to 94. */
export function bulk({ open, supports }: Context): void {
  const { maxValueBytes } = supports

  describe('getMany, setMany', () => {
    it('84. gives the keys asked for, and only those', async () => {
      const { main } = open()
      await main.asetMany({ a: 'a', b: 'b', c: 'c', d: 'd' })
      const found = await main.agetMany(['d', 'a', 'c'])
      expect([...found]).toEqual([
        ['d', 'd'],
        ['a', 'a'],
        ['c', 'c'],
      ])
    })

    it('85. leaves out what is missing', async () => {
      const { main } = open()
      await main.asetMany({ a: 'a', b: 'b' })
      expect([...(await main.agetMany(['a', 'b', 'missing'])).keys()]).toEqual(['a', 'b'])
      expect(await main.agetMany(['missing'])).toEqual(new Map())
      expect(await main.agetMany([])).toEqual(new Map())
    })

    it('86. walks a one-shot iterator once', async () => {
      const { main } = open()
      await main.asetMany({ a: 'a', b: 'b' })
      const keys = function* () {
        yield 'a'
        yield 'b'
        yield 'missing'
      }
      expect(await main.agetMany(keys())).toEqual(new Map(Object.entries({ a: 'a', b: 'b' })))
    })

    it('86. gives a key asked for twice once', async () => {
      const { main } = open()
      await main.asetMany({ a: 'a', b: 'b' })
      expect([...(await main.agetMany(['b', 'a', 'b'])).keys()]).toEqual(['b', 'a'])
    })

    it('87. gives a stored null', async () => {
      const { main } = open()
      await main.asetMany({ x: null, y: 1 })
      expect(await main.agetMany(['x', 'y'])).toEqual(new Map(Object.entries({ x: null, y: 1 })))
    })

    it('88. reads many keys in one trip, and leaves out the expired', async () => {
      const { adapter, cache, clock } = open()
      const trips: string[] = []
      const counted = cache(
        {},
        alias(adapter, (method) => trips.push(method.replace('Sync', ''))),
      )
      await counted.asetMany({ a: 1, b: 2 })
      await counted.aset('expired', 3, 1)
      clock.advance(1)
      trips.length = 0
      expect([...(await counted.agetMany(['a', 'expired', 'b'])).keys()]).toEqual(['a', 'b'])
      expect(trips).toEqual(['read'])
    })

    it('89. sets many keys', async () => {
      const { main } = open()
      await main.asetMany({ key1: 'spam', key2: 'eggs' })
      expect(await main.aget('key1')).toBe('spam')
      expect(await main.aget('key2')).toBe('eggs')
    })

    it('89. sets many keys, given as an object, a Map, pairs or a one-shot iterator', async () => {
      const { main } = open()
      const pairs: [string, number][] = [
        ['key1', 1],
        ['key2', 2],
      ]
      for (const data of [Object.fromEntries(pairs), new Map(pairs), pairs, pairs.values()]) {
        await main.aclear()
        expect(await main.asetMany(data)).toEqual([])
        expect([...(await main.agetMany(['key1', 'key2']))]).toEqual(pairs)
      }
    })

    it('89. keeps the last of two values for one key', async () => {
      const { main } = open()
      await main.asetMany([
        ['key', 'first'],
        ['key', 'last'],
      ])
      expect(await main.aget('key')).toBe('last')
    })

    it('89. sets a thousand keys', async () => {
      const { main } = open()
      const data = new Map(Array.from({ length: 1_000 }, (_, index) => [`key${index}`, { index }] as const))
      expect(await main.asetMany(data)).toEqual([])
      expect(await main.agetMany(data.keys())).toEqual(data)
    })

    it('90. answers an empty list where all keys were set', async () => {
      expect(await open().main.asetMany({ key1: 'spam', key2: 'eggs' })).toEqual([])
    })

    it('91. answers an empty list where there was nothing to set', async () => {
      const { main } = open()
      for (const nothing of [{}, [], new Map()]) expect(await main.asetMany(nothing)).toEqual([])
    })

    it.runIf(maxValueBytes !== null)(
      '92. lists the keys that were refused, as the caller knows them',
      async () => {
        const { cache } = open()
        const prefixed = cache({ keyPrefix: 'app', version: 7 })
        const failed = await prefixed.asetMany({
          small: 1,
          large: tooLarge(),
          small2: 2,
          'large:2': tooLarge(),
        })
        expect(failed).toEqual(['large', 'large:2'])
        expect([...(await prefixed.agetMany(['small', 'large', 'small2', 'large:2'])).keys()]).toEqual([
          'small',
          'small2',
        ])
      },
    )

    it.runIf(maxValueBytes !== null)(
      '93. never serves the value that a refused one was to replace',
      async () => {
        const { main } = open()
        await main.asetMany({ set: 'old', many: 'old' })
        await expect(main.aset('set', tooLarge())).rejects.toMatchObject({
          code: 'VALUE_TOO_LARGE',
          key: 'set',
        })
        expect(await main.asetMany({ many: tooLarge() })).toEqual(['many'])
        expect(await main.agetMany(['set', 'many'])).toEqual(new Map())
      },
    )

    it.runIf(maxValueBytes !== null)(
      '93. keeps the live value that a refused one was not to replace',
      async () => {
        const { main } = open()
        await main.aset('live', 'old')
        await expect(main.aadd('absent', tooLarge())).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
        await main.aadd('live', tooLarge()).catch(() => {})
        expect([...(await main.agetMany(['live', 'absent']))]).toEqual([['live', 'old']])
      },
    )

    it("94. answers under the caller's own keys, with a prefix, a version or a key function", async () => {
      const { prefixed, v2, custom } = open()
      for (const cache of [prefixed, v2, custom]) {
        await cache.asetMany({ 'a:b': 1, ':1:c': 2 }, { version: 3 })
        const found = await cache.agetMany(['a:b', ':1:c'], { version: 3 })
        expect([...found]).toEqual([
          ['a:b', 1],
          [':1:c', 2],
        ])
      }
    })
  })

  function tooLarge(): string {
    return 'x'.repeat((maxValueBytes ?? 0) + 1)
  }
}

import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

const NOT_AN_INTEGER = { code: 'NOT_AN_INTEGER', key: 'counter' }
const OUT_OF_RANGE = { code: 'OUT_OF_RANGE', key: 'counter' }
const LARGEST = Number.MAX_SAFE_INTEGER

/** An addition to Django: `initial`, the value of a counter that does not exist yet. */
export function incrInitial({ open, supports }: Context): void {
  describe('incr, decr with initial', () => {
    it('create a missing counter from initial, and store the result', async () => {
      const { main } = open()
      expect(await main.aincr('counter', 1, { initial: 0 })).toBe(1)
      expect(await main.aget('counter')).toBe(1)
      expect(await main.adecr('other', 1, { initial: 10 })).toBe(9)
      expect(await main.aget('other')).toBe(9)
    })

    it('add delta to initial, for all signs', async () => {
      const { main } = open()
      expect(await main.aincr('a', 5, { initial: 100 })).toBe(105)
      expect(await main.aincr('b', -5, { initial: 3 })).toBe(-2)
      expect(await main.adecr('c', 5, { initial: -100 })).toBe(-105)
      expect(await main.adecr('d', -5, { initial: 100 })).toBe(105)
      expect(await main.aincr('e', 0, { initial: 7 })).toBe(7)
      expect(await main.adecr('f', 0, { initial: 0 })).toBe(0)
      expect(await main.aincr('g', 1, { initial: -0 })).toBe(1)
      expect(Object.fromEntries(await main.agetMany([...'abcdef']))).toStrictEqual({
        a: 105,
        b: -2,
        c: -105,
        d: 105,
        e: 7,
        f: 0,
      })
    })

    it('increment an existing counter, and ignore initial and timeout', async () => {
      const { main, clock } = open()
      await main.aset('counter', 5, 100)
      clock.advance(40)
      expect(await main.aincr('counter', 1, { initial: 1_000, timeout: 10 })).toBe(6)
      expect(await main.adecr('counter', 2, { initial: 1_000, timeout: null })).toBe(4)
      expect(await main.aincr('counter', 1, { initial: 1_000, timeout: 0 })).toBe(5)
      expect(await main.attl('counter')).toBe(60)
      await main.aset('counter', 0, null)
      expect(await main.aincr('counter', 1, { initial: 1_000, timeout: 10 })).toBe(1)
      expect(await main.attl('counter')).toBeNull()
    })

    it('give the seconds left with the count, in one step', async () => {
      const { main, clock } = open()
      const window = { initial: 0, timeout: 60 }
      expect(await main.aincrWithTtl('counter', 1, window)).toEqual({ value: 1, ttl: 60 })
      clock.advance(45)
      expect(await main.aincrWithTtl('counter', 2, window)).toEqual({ value: 3, ttl: 15 })
      clock.advance(15)
      expect(await main.aincrWithTtl('counter', 1, window)).toEqual({ value: 1, ttl: 60 })
      await main.aset('counter', 5, null)
      expect(await main.aincrWithTtl('counter')).toEqual({ value: 6, ttl: null })
      expect(await main.aincrWithTtl('dead', 1, { initial: 0, timeout: 0 })).toEqual({ value: 1, ttl: 0 })
      expect(await main.ahasKey('dead')).toBe(false)
      await expect(main.aincrWithTtl('missing')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    })

    it('give a new counter its deadline, and keep that one', async () => {
      const { main, clock } = open()
      const window = { initial: 0, timeout: 60 }
      expect(await main.aincr('counter', 1, window)).toBe(1)
      expect(await main.attl('counter')).toBe(60)
      clock.advance(59)
      expect(await main.aincr('counter', 1, window)).toBe(2)
      expect(await main.aincr('counter')).toBe(3)
      expect(await main.attl('counter')).toBe(1)
    })

    it('treat an expired counter as missing', async () => {
      const { main, clock } = open()
      await main.aincr('counter', 10, { initial: 0, timeout: 60 })
      clock.advance(60)
      expect(await main.aincr('counter', 1, { initial: 0, timeout: 30 })).toBe(1)
      expect(await main.attl('counter')).toBe(30)
      await main.aset('text', 'no number', 1)
      clock.advance(1)
      expect(await main.adecr('text', 1, { initial: 0 })).toBe(-1)
    })

    it("give a new counter the cache's timeout where none is given, and null means never", async () => {
      const { main, cache } = open()
      await main.aincr('default', 1, { initial: 0 })
      await main.aincr('forever', 1, { initial: 0, timeout: null })
      await cache({ timeout: 7 }).adecr('short', 1, { initial: 0 })
      expect(await main.attl('default')).toBe(300)
      expect(await main.attl('forever')).toBeNull()
      expect(await main.attl('short')).toBe(7)
    })

    it('return the number, and store nothing, if a new counter has already expired', async () => {
      const { main } = open()
      expect(await main.aincr('counter', 1, { initial: 0, timeout: 0 })).toBe(1)
      expect(await main.aincr('counter', 1, { initial: 0, timeout: -1 })).toBe(1)
      expect(await main.ahasKey('counter')).toBe(false)
    })

    it.each([null, false, '', '41', 41.5, -0, 2 ** 53, 41n, [41], {}])(
      'do not begin anew over %o, and leave it as it is',
      async (value) => {
        const { main, clock } = open()
        await main.aset('counter', value, 100)
        clock.advance(40)
        const window = { initial: 0, timeout: 10 }
        await expect(main.aincr('counter', 1, window)).rejects.toMatchObject(NOT_AN_INTEGER)
        await expect(main.adecr('counter', 1, window)).rejects.toMatchObject(NOT_AN_INTEGER)
        expect(await main.aget('counter')).toStrictEqual(value)
        expect(await main.attl('counter')).toBe(60)
      },
    )

    it('count up to the limits of the safe integers, and create nothing beyond', async () => {
      const { main } = open()
      await expect(main.aincr('counter', 1, { initial: LARGEST })).rejects.toMatchObject(OUT_OF_RANGE)
      await expect(main.adecr('counter', 1, { initial: -LARGEST })).rejects.toMatchObject(OUT_OF_RANGE)
      await expect(main.aincr('counter', LARGEST, { initial: 1 })).rejects.toMatchObject(OUT_OF_RANGE)
      expect(await main.ahasKey('counter')).toBe(false)
      expect(await main.aincr('up', 1, { initial: LARGEST - 1 })).toBe(LARGEST)
      expect(await main.adecr('down', LARGEST, { initial: 0 })).toBe(-LARGEST)
      expect(await main.aget('up')).toBe(LARGEST)
      expect(await main.aget('down')).toBe(-LARGEST)
    })

    it('do not change a counter at the limit', async () => {
      const { main } = open()
      await main.aset('counter', LARGEST, 10)
      await expect(main.aincr('counter', 1, { initial: 0 })).rejects.toMatchObject(OUT_OF_RANGE)
      expect(await main.aget('counter')).toBe(LARGEST)
      expect(await main.attl('counter')).toBe(10)
    })

    it('accept only a safe integer as initial, whether or not it is used', async () => {
      const { main } = open()
      await main.aset('there', 41, 10)
      for (const key of ['there', 'absent']) {
        for (const initial of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
          await expect(main.aincr(key, 1, { initial })).rejects.toThrow(RangeError)
          await expect(main.adecr(key, 1, { initial })).rejects.toThrow(RangeError)
        }
        for (const initial of ['0', '', true, 0n, null, [0]]) {
          await expect(main.aincr(key, 1, { initial: initial as never })).rejects.toThrow(TypeError)
          await expect(main.adecr(key, 1, { initial: initial as never })).rejects.toThrow(TypeError)
        }
      }
      expect(await main.aget('there')).toBe(41)
      expect(await main.ahasKey('absent')).toBe(false)
    })

    it('refuse a timeout without initial, which would have no effect', async () => {
      const { main } = open()
      await main.aset('there', 41, 10)
      for (const key of ['there', 'absent']) {
        await expect(main.aincr(key, 1, { timeout: 60 })).rejects.toThrow(TypeError)
        await expect(main.adecr(key, 1, { timeout: null })).rejects.toThrow(TypeError)
      }
      expect(await main.aget('there')).toBe(41)
      expect(await main.attl('there')).toBe(10)
    })

    it('keep versions, prefixes and key functions apart', async () => {
      const { main, v2, prefixed, custom } = open()
      expect(await main.aincr('counter', 1, { initial: 0 })).toBe(1)
      expect(await v2.aincr('counter', 1, { initial: 10 })).toBe(11)
      expect(await prefixed.aincr('counter', 1, { initial: 20 })).toBe(21)
      expect(await custom.aincr('counter', 1, { initial: 30 })).toBe(31)
      expect(await main.aincr('counter', 1, { initial: 99, version: 2 })).toBe(12)
      expect(await main.adecr('counter', 1, { initial: 40, version: 'text' })).toBe(39)
      expect(await main.aget('counter')).toBe(1)
    })

    it.runIf(supports.atomic)(
      'count 100 concurrent calls as 1 to 100, and the first sets the deadline',
      async () => {
        const { main, elsewhere } = open()
        const other = elsewhere()
        const timeouts = Array.from({ length: 100 }, (_, index) => 1_000 + index)
        const calls = timeouts.map((timeout, index) =>
          (index % 2 === 0 ? main : other).aincr('counter', 1, { initial: 0, timeout }),
        )
        const answers = await Promise.all(calls)
        expect(answers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
        expect(await main.aget('counter')).toBe(100)
        expect(await main.attl('counter')).toBe(timeouts[answers.indexOf(1)])
      },
    )
  })
}

import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

const MISSING = { code: 'KEY_NOT_FOUND', key: 'counter' }
const NOT_AN_INTEGER = { code: 'NOT_AN_INTEGER', key: 'counter' }
const OUT_OF_RANGE = { code: 'OUT_OF_RANGE', key: 'counter' }

/** Lines 70 to 82. */
export function incrDecr({ open, supports }: Context): void {
  describe('incr, decr', () => {
    it('70. adds 1, answers and stores the result', async () => {
      const { main } = open()
      await main.aset('counter', 41)
      expect(await main.aincr('counter')).toBe(42)
      expect(await main.aget('counter')).toBe(42)
    })

    it('71. adds what it is told', async () => {
      const { main } = open()
      await main.aset('counter', 42)
      expect(await main.aincr('counter', 10)).toBe(52)
      expect(await main.aget('counter')).toBe(52)
      expect(await main.aincr('counter', 0)).toBe(52)
    })

    it('72. adds a negative number', async () => {
      const { main } = open()
      await main.aset('counter', 52)
      expect(await main.aincr('counter', -10)).toBe(42)
      expect(await main.aincr('counter', -43)).toBe(-1)
    })

    it('73. fails for a missing key, and makes none', async () => {
      const { main } = open()
      await expect(main.aincr('counter')).rejects.toMatchObject(MISSING)
      await expect(main.aincr('counter', -1)).rejects.toMatchObject(MISSING)
      expect(await main.ahasKey('counter')).toBe(false)
    })

    it('74. fails for a stored null, as not a number rather than as missing', async () => {
      const { main } = open()
      await main.aset('counter', null)
      await expect(main.aincr('counter')).rejects.toMatchObject(NOT_AN_INTEGER)
      expect(await main.aget('counter', { default: 'default' })).toBeNull()
    })

    it('75. subtracts 1, answers and stores the result', async () => {
      const { main } = open()
      await main.aset('counter', 43)
      expect(await main.adecr('counter')).toBe(42)
      expect(await main.aget('counter')).toBe(42)
    })

    it('76. subtracts what it is told', async () => {
      const { main } = open()
      await main.aset('counter', 42)
      expect(await main.adecr('counter', 10)).toBe(32)
      expect(await main.aget('counter')).toBe(32)
      expect(await main.adecr('counter', -10)).toBe(42)
      expect(await main.adecr('counter', 50)).toBe(-8)
    })

    it('77. fails to subtract from a missing key, and makes none', async () => {
      const { main } = open()
      await expect(main.adecr('counter')).rejects.toMatchObject(MISSING)
      await expect(main.adecr('counter', -1)).rejects.toMatchObject(MISSING)
      expect(await main.ahasKey('counter')).toBe(false)
    })

    it('78. fails to subtract from a stored null, as not a number', async () => {
      const { main } = open()
      await main.aset('counter', null)
      await expect(main.adecr('counter')).rejects.toMatchObject(NOT_AN_INTEGER)
    })

    it('79. keeps the deadline', async () => {
      const { main, clock } = open()
      await main.aset('counter', 1, 1_000)
      clock.advance(400)
      expect(await main.aincr('counter')).toBe(2)
      clock.advance(100)
      expect(await main.adecr('counter')).toBe(1)
      expect(await main.attl('counter')).toBe(500)
      clock.advance(500)
      expect(await main.ahasKey('counter')).toBe(false)
    })

    it('79. keeps a permanent counter permanent', async () => {
      const { main } = open()
      await main.aset('counter', 1, null)
      await main.aincr('counter')
      await main.adecr('counter')
      expect(await main.attl('counter')).toBeNull()
    })

    it.runIf(supports.atomic)(
      '80. counts 1,000 concurrent calls as 1,000, each with a result of its own',
      async () => {
        const { main, elsewhere } = open()
        const other = elsewhere()
        await main.aset('counter', 0)
        const calls = Array.from({ length: 1_000 }, (_, index) =>
          (index % 2 === 0 ? main : other).aincr('counter'),
        )
        expect(new Set(await Promise.all(calls)).size).toBe(1_000)
        expect(await main.aget('counter')).toBe(1_000)
      },
      60_000,
    )

    it.runIf(supports.atomic)('80. lets one of 100 concurrent adders win', async () => {
      const { main, elsewhere } = open()
      const other = elsewhere()
      const calls = Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? main : other).aadd('lock', index),
      )
      const answers = await Promise.all(calls)
      expect(answers.filter(Boolean)).toHaveLength(1)
      expect(await main.aget('lock')).toBe(answers.indexOf(true))
    })

    it('81. fails for an expired counter, and makes no permanent one', async () => {
      const { main, clock } = open()
      await main.aset('counter', 1, 1)
      clock.advance(1)
      await expect(main.aincr('counter')).rejects.toMatchObject(MISSING)
      await expect(main.adecr('counter')).rejects.toMatchObject(MISSING)
      expect(await main.ahasKey('counter')).toBe(false)
    })

    it.each([
      true,
      false,
      '41',
      '',
      41.5,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      41n,
      [41],
      new Date(41),
    ])('82. counts on integers only, and leaves %o as it is', async (value) => {
      const { main } = open()
      await main.aset('counter', value)
      await expect(main.aincr('counter')).rejects.toMatchObject(NOT_AN_INTEGER)
      await expect(main.adecr('counter')).rejects.toMatchObject(NOT_AN_INTEGER)
      expect(await main.aget('counter')).toStrictEqual(value)
    })

    it('82. reads an integer back as the number it was set as', async () => {
      const { main } = open()
      const integers = {
        zero: 0,
        negative: -7,
        large: Number.MAX_SAFE_INTEGER,
        small: Number.MIN_SAFE_INTEGER,
      }
      await main.asetMany(integers)
      expect(await main.agetMany(Object.keys(integers))).toStrictEqual(new Map(Object.entries(integers)))
    })

    it('fails if the result would not be a safe integer, and does not change the counter', async () => {
      const { main } = open()
      await main.aset('counter', Number.MAX_SAFE_INTEGER, 10)
      await expect(main.aincr('counter')).rejects.toMatchObject(OUT_OF_RANGE)
      await expect(main.adecr('counter', -1)).rejects.toMatchObject(OUT_OF_RANGE)
      expect(await main.adecr('counter')).toBe(Number.MAX_SAFE_INTEGER - 1)
      expect(await main.attl('counter')).toBe(10)
    })

    it('accepts only a safe integer as delta, and does not change the counter otherwise', async () => {
      const { main } = open()
      await main.aset('counter', 1)
      for (const delta of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        await expect(main.aincr('counter', delta)).rejects.toThrow(RangeError)
        await expect(main.adecr('counter', delta)).rejects.toThrow(RangeError)
      }
      for (const delta of ['1', true, 1n, null]) {
        await expect(main.aincr('counter', delta as never)).rejects.toThrow(TypeError)
        await expect(main.adecr('counter', delta as never)).rejects.toThrow(TypeError)
      }
      expect(await main.aget('counter')).toBe(1)
    })
  })
}

import { describe, expect, it } from 'vitest'
import { isVast, storableValues } from '../values.ts'
import type { Context } from './context.ts'

const falsy = [null, false, 0, -0, '', Number.NaN, 0n]

/** Additions to Django: the remaining time of a key, and removing a key and returning its value. */
export function ttlAndPop({ open, supports }: Context): void {
  describe('ttl', () => {
    it('is undefined for a key that is missing or was deleted', async () => {
      const { main } = open()
      expect(await main.attl('key')).toBeUndefined()
      await main.aset('key', 'value')
      await main.adelete('key')
      expect(await main.attl('key')).toBeUndefined()
    })

    it('is the remaining seconds, with fractions, and undefined from the deadline on', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 10)
      expect(await main.attl('key')).toBe(10)
      clock.advance(2.5)
      expect(await main.attl('key')).toBe(7.5)
      clock.advance(7.499)
      expect(await main.attl('key')).toBe(0.001)
      clock.advance(0.001)
      expect(await main.attl('key')).toBeUndefined()
      clock.advance(1_000)
      expect(await main.attl('key')).toBeUndefined()
    })

    it('is null for a key that never expires', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', null)
      expect(await main.attl('key')).toBeNull()
      clock.advance(1e9)
      expect(await main.attl('key')).toBeNull()
    })

    it("is the cache's default timeout if none was given", async () => {
      const { main, cache } = open()
      await main.aset('main', 'value')
      await cache({ timeout: 7 }).aset('short', 'value')
      await cache({ timeout: null }).aset('forever', 'value')
      expect(await main.attl('main')).toBe(300)
      expect(await main.attl('short')).toBe(7)
      expect(await main.attl('forever')).toBeNull()
    })

    it.each(falsy)('treats a stored %o like any value', async (value) => {
      const { main } = open()
      await main.aset('key', value, 10)
      expect(await main.attl('key')).toBe(10)
      await main.aset('key', value, null)
      expect(await main.attl('key')).toBeNull()
    })

    it('follows touch', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 10)
      clock.advance(4)
      await main.atouch('key', 20)
      expect(await main.attl('key')).toBe(20)
      await main.atouch('key', null)
      expect(await main.attl('key')).toBeNull()
      await main.atouch('key', 5)
      expect(await main.attl('key')).toBe(5)
      await main.atouch('key', 0)
      expect(await main.attl('key')).toBeUndefined()
    })

    it('is not changed by incr, a refused add, or ttl itself', async () => {
      const { main, clock } = open()
      await main.aset('key', 1, 10)
      clock.advance(4)
      await main.aincr('key')
      await main.adecr('key')
      await main.aadd('key', 1, 100)
      expect(await main.attl('key')).toBe(6)
      expect(await main.attl('key')).toBe(6)
    })

    it('moves along with a version', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 10)
      clock.advance(4)
      await main.aincrVersion('key')
      expect(await main.attl('key')).toBeUndefined()
      expect(await main.attl('key', { version: 2 })).toBe(6)
    })

    it('keeps versions, prefixes and key functions apart', async () => {
      const { main, v2, prefixed, custom } = open()
      await main.aset('key', 'value', 1)
      expect(await v2.attl('key')).toBeUndefined()
      expect(await prefixed.attl('key')).toBeUndefined()
      expect(await custom.attl('key')).toBeUndefined()
      await v2.aset('key', 'value', 2)
      await prefixed.aset('key', 'value', 3)
      await custom.aset('key', 'value', 4)
      expect(await main.attl('key')).toBe(1)
      expect(await main.attl('key', { version: 2 })).toBe(2)
      expect(await v2.attl('key', { version: 1 })).toBe(1)
      expect(await prefixed.attl('key')).toBe(3)
      expect(await custom.attl('key')).toBe(4)
    })
  })

  describe('pop', () => {
    it('returns a value once, and removes it', async () => {
      const { main } = open()
      await main.aset('key', 'value')
      expect(await main.apop('key', { default: 'default' })).toBe('value')
      expect(await main.apop('key')).toBeUndefined()
      expect(await main.ahasKey('key')).toBe(false)
      expect(await main.aadd('key', 'new')).toBe(true)
    })

    it('returns the default for a missing key, and does not store it', async () => {
      const { main } = open()
      expect(await main.apop('key')).toBeUndefined()
      expect(await main.apop('key', { default: 'default' })).toBe('default')
      expect(await main.apop('key', { default: null })).toBeNull()
      expect(await main.ahasKey('key')).toBe(false)
    })

    it('treats an expired key as missing', async () => {
      const { main, clock } = open()
      await main.asetMany({ key: 'value', other: null }, 10)
      clock.advance(10)
      expect(await main.apop('key')).toBeUndefined()
      expect(await main.apop('other', { default: 'default' })).toBe('default')
    })

    it.each(falsy)('returns a stored %o, not the default', async (value) => {
      const { main } = open()
      await main.aset('key', value)
      expect(await main.apop('key', { default: 'default' })).toBe(value)
      expect(await main.apop('key', { default: 'default' })).toBe('default')
    })

    it.each(storableValues)('returns the value unchanged: $name', async ({ make, flaw }) => {
      const { main } = open()
      await main.aset('key', make())
      const value = await main.apop('key')
      expect(flaw?.(value as never)).toBeUndefined()
      // Comparing four billion holes would take forever; flaw() checks what matters.
      if (!isVast(make())) expect(value).toStrictEqual(make())
      expect(await main.ahasKey('key')).toBe(false)
    })

    it.runIf(supports.values !== 'shared')('gives a value that is nobody else’s', async () => {
      const { main } = open()
      const tags = ['a']
      await main.aset('key', { tags })
      const read = await main.aget<{ tags: string[] }>('key')
      const popped = await main.apop<{ tags: string[] }>('key')
      popped?.tags.push('b')
      expect(tags).toEqual(['a'])
      expect(read).toEqual({ tags: ['a'] })
    })

    it('returns the current number of a counter', async () => {
      const { main } = open()
      await main.aset('key', 40, null)
      await main.aincr('key', 2)
      expect(await main.apop('key')).toBe(42)
      await expect(main.aincr('key')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    })

    it('keeps versions, prefixes and key functions apart', async () => {
      const { main, v2, prefixed, custom } = open()
      await main.aset('key', 'main')
      expect(await v2.apop('key')).toBeUndefined()
      expect(await prefixed.apop('key')).toBeUndefined()
      expect(await custom.apop('key')).toBeUndefined()
      await v2.aset('key', 'v2')
      await prefixed.aset('key', 'prefixed')
      await custom.aset('key', 'custom')
      expect(await main.apop('key', { version: 2 })).toBe('v2')
      expect(await prefixed.apop('key')).toBe('prefixed')
      expect(await custom.apop('key')).toBe('custom')
      expect(await v2.apop('key', { version: 1, default: 'default' })).toBe('main')
    })

    it.runIf(supports.atomic)('has one winner among 50 concurrent calls', async () => {
      const { main, elsewhere } = open()
      const other = elsewhere()
      await main.aset('key', 'value')
      const calls = Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? main : other).apop('key', { default: 'none' }),
      )
      const answers = await Promise.all(calls)
      expect(answers.filter((answer) => answer === 'value')).toHaveLength(1)
      expect(answers.filter((answer) => answer === 'none')).toHaveLength(49)
      expect(await main.ahasKey('key')).toBe(false)
    })
  })
}

import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

const V1 = { version: 1 } as const
const V2 = { version: 2 } as const
const V3 = { version: 3 } as const
const MISSING = { code: 'KEY_NOT_FOUND', key: 'answer' }

/** Lines 116 to 123. */
export function versionMoves({ open }: Context): void {
  describe('incrVersion, decrVersion', () => {
    it('116. moves a key to the next version', async () => {
      const { main } = open()
      await main.aset('answer', 42, V2)
      expect(await main.aincrVersion('answer', 1, V2)).toBe(3)
      expect(await main.aget('answer')).toBeUndefined()
      expect(await main.aget('answer', V2)).toBeUndefined()
      expect(await main.aget('answer', V3)).toBe(42)
    })

    it("117. moves from the cache's own version where none is named", async () => {
      const { v2 } = open()
      await v2.aset('answer', 42)
      expect(await v2.aincrVersion('answer')).toBe(3)
      expect(await v2.aget('answer')).toBeUndefined()
      expect(await v2.aget('answer', V1)).toBeUndefined()
      expect(await v2.aget('answer', V3)).toBe(42)
    })

    it('118. fails to move up a missing key', async () => {
      const { main } = open()
      await expect(main.aincrVersion('answer')).rejects.toMatchObject(MISSING)
      await main.aset('answer', 42, V2)
      await expect(main.aincrVersion('answer')).rejects.toMatchObject(MISSING)
      expect(await main.aget('answer', V2)).toBe(42)
    })

    it('119. moves up a stored null', async () => {
      const { main } = open()
      await main.aset('answer', null)
      expect(await main.aincrVersion('answer')).toBe(2)
      expect(await main.aget('answer', { version: 2, default: 'default' })).toBeNull()
      expect(await main.ahasKey('answer')).toBe(false)
    })

    it('120. moves a key to the version before', async () => {
      const { main } = open()
      await main.aset('answer', 42, V2)
      expect(await main.adecrVersion('answer', 1, V2)).toBe(1)
      expect(await main.aget('answer')).toBe(42)
      expect(await main.aget('answer', V2)).toBeUndefined()
    })

    it("121. moves down from the cache's own version where none is named", async () => {
      const { v2 } = open()
      await v2.aset('answer', 42)
      expect(await v2.adecrVersion('answer')).toBe(1)
      expect(await v2.aget('answer')).toBeUndefined()
      expect(await v2.aget('answer', V1)).toBe(42)
    })

    it('122. fails to move down a missing key', async () => {
      const { main } = open()
      await expect(main.adecrVersion('answer')).rejects.toMatchObject(MISSING)
      await expect(main.adecrVersion('answer', 1, V2)).rejects.toMatchObject(MISSING)
    })

    it('123. moves down a stored null', async () => {
      const { main } = open()
      await main.aset('answer', null, V2)
      expect(await main.adecrVersion('answer', 1, V2)).toBe(1)
      expect(await main.aget('answer', { default: 'default' })).toBeNull()
    })

    it('moves by any number of versions, to 0 and below', async () => {
      const { main } = open()
      await main.aset('answer', 42)
      expect(await main.aincrVersion('answer', 10)).toBe(11)
      expect(await main.adecrVersion('answer', 11, { version: 11 })).toBe(0)
      expect(await main.aincrVersion('answer', -5, { version: 0 })).toBe(-5)
      expect(await main.aget('answer', { version: -5 })).toBe(42)
    })

    it('keeps the remaining time', async () => {
      const { main, clock } = open()
      await main.aset('answer', 42, 10)
      await main.aset('forever', 42, null)
      clock.advance(4)
      await main.aincrVersion('answer')
      await main.aincrVersion('forever')
      expect(await main.attl('answer', V2)).toBe(6)
      expect(await main.attl('forever', V2)).toBeNull()
      clock.advance(6)
      expect(await main.ahasKey('answer', V2)).toBe(false)
    })

    it('fails to move an expired key, and does not change the other version', async () => {
      const { main, clock } = open()
      await main.aset('answer', 42, 1)
      await main.aset('answer', 'other', V2)
      clock.advance(1)
      await expect(main.aincrVersion('answer')).rejects.toMatchObject(MISSING)
      expect(await main.aget('answer', V2)).toBe('other')
    })

    it('replaces the entry at the new version, including its deadline', async () => {
      const { main } = open()
      await main.aset('answer', 42, 10)
      await main.aset('answer', 'other', { version: 2, timeout: null })
      expect(await main.aincrVersion('answer')).toBe(2)
      expect(await main.aget('answer', V2)).toBe(42)
      expect(await main.attl('answer', V2)).toBe(10)
    })

    it('moves nothing by 0', async () => {
      const { main } = open()
      await main.aset('answer', 42, 10)
      expect(await main.aincrVersion('answer', 0)).toBe(1)
      expect(await main.adecrVersion('answer', 0)).toBe(1)
      expect(await main.aget('answer')).toBe(42)
      expect(await main.attl('answer')).toBe(10)
      await expect(main.aincrVersion('missing', 0)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    })

    it('moves within a prefix and with a custom key function', async () => {
      const { prefixed, custom, main } = open()
      for (const cache of [prefixed, custom]) {
        await cache.aset('answer', { rich: new Date(5) }, 10)
        expect(await cache.aincrVersion('answer')).toBe(2)
        expect(await cache.aget('answer', V2)).toEqual({ rich: new Date(5) })
        expect(await cache.attl('answer', V2)).toBe(10)
        expect(await cache.ahasKey('answer')).toBe(false)
      }
      expect(await main.ahasKey('answer', V2)).toBe(false)
    })

    it('keeps a moved number a counter', async () => {
      const { main } = open()
      await main.aset('answer', 41)
      await main.aincrVersion('answer')
      expect(await main.aincr('answer', 1, V2)).toBe(42)
    })

    it('refuses to move beyond the safe integers', async () => {
      const { main } = open()
      await main.aset('answer', 42)
      await expect(main.aincrVersion('answer', Number.MAX_SAFE_INTEGER)).rejects.toThrow(RangeError)
      await expect(main.aincrVersion('answer', 1, { version: 2 ** 53 })).rejects.toThrow(RangeError)
      expect(await main.aget('answer')).toBe(42)
    })

    it('refuses a string version, or a delta that is not an integer', async () => {
      const { main } = open()
      await main.aset('answer', 42, { version: 'blue' })
      await expect(main.aincrVersion('answer', 1, { version: 'blue' })).rejects.toThrow(TypeError)
      await expect(main.adecrVersion('answer', 1, { version: 'blue' })).rejects.toThrow(TypeError)
      await expect(main.aincrVersion('answer', 0.5)).rejects.toThrow(RangeError)
      await expect(main.aincrVersion('answer', '1' as never)).rejects.toThrow(TypeError)
      expect(await main.aget('answer', { version: 'blue' })).toBe(42)
    })
  })
}

import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

/** Lines 48 to 53. */
export function touch({ open }: Context): void {
  describe('touch', () => {
    it('48. lets a key live longer', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 1)
      expect(await main.atouch('key', 4)).toBe(true)
      clock.advance(2)
      expect(await main.ahasKey('key')).toBe(true)
    })

    it('49. … and no longer than it says', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 1)
      await main.atouch('key', 4)
      clock.advance(2)
      clock.advance(3)
      expect(await main.ahasKey('key')).toBe(false)
    })

    it('49. replaces the deadline, also by an earlier one', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 100)
      clock.advance(10)
      expect(await main.atouch('key', { timeout: 4 })).toBe(true)
      expect(await main.attl('key')).toBe(4)
    })

    it('50. applies the default timeout when none is given', async () => {
      const { main, cache, clock } = open()
      await main.aset('key', 'value', 1)
      expect(await main.atouch('key')).toBe(true)
      clock.advance(2)
      expect(await main.aget('key')).toBe('value')
      expect(await main.attl('key')).toBe(298)
      expect(await cache({ timeout: null }).atouch('key')).toBe(true)
      expect(await main.attl('key')).toBeNull()
    })

    it('51. answers false for a missing key, and makes none', async () => {
      const { main } = open()
      expect(await main.atouch('nonexistent')).toBe(false)
      expect(await main.atouch('nonexistent', null)).toBe(false)
      expect(await main.ahasKey('nonexistent')).toBe(false)
    })

    it('52. answers false for an expired key, and never revives it', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 1)
      clock.advance(1)
      expect(await main.atouch('key', 100)).toBe(false)
      expect(await main.atouch('key', null)).toBe(false)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('53. leaves the value as it is', async () => {
      const { main } = open()
      await main.aset('number', 41)
      await main.aset('rich', { at: new Date(5), tags: new Set(['a']) })
      await main.atouch('number', 10)
      await main.atouch('rich', 10)
      expect(await main.aincr('number')).toBe(42)
      expect(await main.aget('rich')).toEqual({ at: new Date(5), tags: new Set(['a']) })
    })
  })
}

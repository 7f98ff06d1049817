import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

/** Lines 54 to 56. */
export function hasKey({ open }: Context): void {
  describe('hasKey', () => {
    it('54. has a live key, and not what is only the value of one', async () => {
      const { main } = open()
      await main.aset('hello1', 'goodbye1')
      expect(await main.ahasKey('hello1')).toBe(true)
      expect(await main.ahasKey('goodbye1')).toBe(false)
    })

    it('55. has a permanent key', async () => {
      const { main } = open()
      await main.aset('no_expiry', 'here', null)
      expect(await main.ahasKey('no_expiry')).toBe(true)
    })

    it('56. has a key whose value is null', async () => {
      const { main } = open()
      await main.aset('null', null)
      expect(await main.ahasKey('null')).toBe(true)
    })

    it.each([0, '', false, Number.NaN])('56. has a key whose value is %o', async (value) => {
      const { main } = open()
      await main.aset('falsy', value)
      expect(await main.ahasKey('falsy')).toBe(true)
      expect(await main.aget('falsy', { default: 'default' })).toBe(value)
    })
  })
}

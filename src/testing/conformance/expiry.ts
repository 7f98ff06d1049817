import { describe, expect, it } from 'vitest'
import { type Context, liveAmong } from './context.ts'

const DAY = 24 * 60 * 60

/** Lines 21 to 47. */
export function expiry({ open }: Context): void {
  describe('expiry', () => {
    it('21. reads nothing from the deadline on', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 1)
      clock.advance(0.999)
      expect(await main.aget('key')).toBe('value')
      clock.advance(0.001)
      expect(await main.aget('key')).toBeUndefined()
      expect(await main.aget('key', { default: 'default' })).toBe('default')
      clock.advance(1)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('22. adds over an expired key', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 1)
      clock.advance(2)
      expect(await main.aadd('key', 'newvalue')).toBe(true)
      expect(await main.aget('key')).toBe('newvalue')
    })

    it('23. does not have an expired key', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 1)
      clock.advance(2)
      expect(await main.ahasKey('key')).toBe(false)
    })

    it('24. takes a timeout of more than 30 days for a duration, in set', async () => {
      const { main, clock } = open()
      await main.aset('key', 'eggs', 30 * DAY + 1)
      expect(await main.aget('key')).toBe('eggs')
      clock.advance(30 * DAY)
      expect(await main.aget('key')).toBe('eggs')
      clock.advance(1)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('25. … in add', async () => {
      const { main, clock } = open()
      expect(await main.aadd('key', 'ham', 30 * DAY + 1)).toBe(true)
      clock.advance(30 * DAY)
      expect(await main.aget('key')).toBe('ham')
    })

    it('26. … in setMany', async () => {
      const { main, clock } = open()
      await main.asetMany({ a: 'sausage', b: 'lobster' }, 30 * DAY + 1)
      clock.advance(30 * DAY)
      expect(await liveAmong(main, ['a', 'b'])).toEqual(['a', 'b'])
    })

    it('26. … up to the longest there is', async () => {
      const { main, clock } = open()
      const longest = 3_155_760_000_000
      await main.aset('key', 'ham', longest)
      expect(await main.attl('key')).toBe(longest)
      clock.advance(longest - 1)
      expect(await main.aget('key')).toBe('ham')
      clock.advance(1)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('27. keeps a key set with null for ever', async () => {
      const { main, clock } = open()
      await main.aset('key', 'eggs', null)
      clock.advance(1_000 * 365 * DAY)
      expect(await main.aget('key')).toBe('eggs')
    })

    it('28. keeps a key added with null for ever', async () => {
      const { main, clock } = open()
      expect(await main.aadd('key', 'ham', null)).toBe(true)
      clock.advance(1_000 * 365 * DAY)
      expect(await main.aget('key')).toBe('ham')
    })

    it('29. refuses to add over a permanent key', async () => {
      const { main } = open()
      await main.aset('key', 'eggs', null)
      expect(await main.aadd('key', 'new eggs', null)).toBe(false)
      expect(await main.aget('key')).toBe('eggs')
    })

    it('30. keeps keys set together with null for ever', async () => {
      const { main, clock } = open()
      await main.asetMany({ a: 'sausage', b: 'lobster' }, null)
      clock.advance(1_000 * 365 * DAY)
      expect(await liveAmong(main, ['a', 'b'])).toEqual(['a', 'b'])
    })

    it('31. keeps a key touched with null for ever', async () => {
      const { main, clock } = open()
      await main.aset('key', 'eggs', 1)
      expect(await main.atouch('key', null)).toBe(true)
      clock.advance(2)
      expect(await main.aget('key')).toBe('eggs')
      // Again, now without a deadline: still true.
      expect(await main.atouch('key', null)).toBe(true)
    })

    it('32. stores nothing when set with timeout 0', async () => {
      const { main } = open()
      await main.aset('key', 'eggs', 0)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('33. adds an absent key with timeout 0, and it is not there', async () => {
      const { main } = open()
      expect(await main.aadd('key', 'ham', 0)).toBe(true)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('34. stores nothing when set together with timeout 0', async () => {
      const { main } = open()
      expect(await main.asetMany({ a: 'sausage', b: 'lobster' }, 0)).toEqual([])
      expect(await liveAmong(main, ['a', 'b'])).toEqual([])
    })

    it('35. removes a key touched with timeout 0', async () => {
      const { main } = open()
      await main.aset('key', 'eggs', 100)
      expect(await main.atouch('key', 0)).toBe(true)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('36. counts fractions of a second', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 100.2)
      expect(await main.aget('key')).toBe('value')
      clock.advance(100.1)
      expect(await main.aget('key')).toBe('value')
      clock.advance(0.1)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('36. does not round a short timeout down to none', async () => {
      const { main } = open()
      await main.aset('key', 'value', 0.000_1)
      expect(await main.aget('key')).toBe('value')
    })

    it('37. expires keys set together', async () => {
      const { main, clock } = open()
      await main.asetMany({ a: 1, b: 2 }, 1)
      clock.advance(2)
      expect(await liveAmong(main, ['a', 'b'])).toEqual([])
      expect(await main.agetMany(['a', 'b'])).toEqual(new Map())
    })

    it.each([-1, -0.5, -DAY, Number.NEGATIVE_INFINITY])('38. takes %d for 0', async (timeout) => {
      const { main } = open()
      await main.aset('set', 1, timeout)
      await main.aset('touched', 1)
      expect(await main.aadd('added', 1, timeout)).toBe(true)
      expect(await main.asetMany({ many: 1 }, timeout)).toEqual([])
      expect(await main.atouch('touched', timeout)).toBe(true)
      expect(await liveAmong(main, ['set', 'added', 'many', 'touched'])).toEqual([])
    })

    it('39. keeps the timeout it was given', async () => {
      const { main } = open()
      await main.aset('positive', 1, 10)
      await main.aset('null', 1, null)
      await main.aset('bag', 1, { timeout: 20 })
      await main.aset('null in a bag', 1, { timeout: null })
      expect(await main.attl('positive')).toBe(10)
      expect(await main.attl('null')).toBeNull()
      expect(await main.attl('bag')).toBe(20)
      expect(await main.attl('null in a bag')).toBeNull()
    })

    it('40. expires after 300 s where no timeout is configured', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value')
      clock.advance(299.999)
      expect(await main.aget('key')).toBe('value')
      clock.advance(0.001)
      expect(await main.aget('key')).toBeUndefined()
    })

    it('41. never expires where the configured timeout is null', async () => {
      const cache = open().cache({ timeout: null })
      expect(await cache.aadd('added', 1)).toBe(true)
      await cache.asetMany({ many: 1 })
      await cache.agetOrSet('loaded', () => 1)
      for (const key of ['added', 'many', 'loaded']) expect(await cache.attl(key)).toBeNull()
    })

    it('42. gives an entry a deadline where no timeout is configured', async () => {
      const { main } = open()
      await main.aset('key', 'value')
      await main.aset('undefined in a bag', 'value', { timeout: undefined })
      expect(await main.attl('key')).toBe(300)
      expect(await main.attl('undefined in a bag')).toBe(300)
    })

    it('43. gives an entry no deadline where the configured timeout is null', async () => {
      const cache = open().cache({ timeout: null })
      await cache.aset('key', 'value')
      expect(await cache.attl('key')).toBeNull()
    })

    it('44. reads back what was set where the configured timeout is null', async () => {
      const { cache, clock } = open()
      const permanent = cache({ timeout: null })
      await permanent.aset('key', 'value')
      clock.advance(1_000 * 365 * DAY)
      expect(await permanent.aget('key')).toBe('value')
    })

    it('45. reads back what was set where the configured timeout is a year', async () => {
      const { cache, clock } = open()
      const yearly = cache({ timeout: 365 * DAY })
      await yearly.aset('key', 'value')
      clock.advance(365 * DAY - 1)
      expect(await yearly.aget('key')).toBe('value')
    })

    it('46. stores nothing by default where the configured timeout is 0', async () => {
      const cache = open().cache({ timeout: 0 })
      await cache.aset('key', 'value')
      expect(await cache.aget('key')).toBeUndefined()
      await cache.aset('key', 'value', 10)
      expect(await cache.aget('key')).toBe('value')
    })

    it.each([0, -1])('47. removes the old value when it is overwritten with timeout %d', async (timeout) => {
      const { main } = open()
      await main.asetMany({ set: 'old', many: 'old' })
      await main.aset('set', 'new', timeout)
      await main.asetMany({ many: 'new' }, timeout)
      expect(await liveAmong(main, ['set', 'many'])).toEqual([])
      // A refused add writes nothing: the live value stays.
      await main.aset('added', 'old')
      expect(await main.aadd('added', 'new', timeout)).toBe(false)
      expect(await main.aget('added')).toBe('old')
    })
  })
}

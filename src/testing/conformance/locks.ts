import { describe, expect, it } from 'vitest'
import { ASYNC_DISPOSE } from '../../core/dispose.ts'
import type { Context } from './context.ts'

const MINUTE = { timeout: 60 } as const

/** An addition to Django: a lock that releases only itself. */
export function locks({ open, supports }: Context): void {
  describe('lock', () => {
    it('has one holder at a time', async () => {
      const { main, elsewhere } = open()
      const other = elsewhere()
      const lock = await main.alock('lock', MINUTE)
      expect(lock?.key).toBe('lock')
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
      expect(await other.alock('lock', MINUTE)).toBeUndefined()
      expect(await lock?.release()).toBe(true)
      const next = await other.alock('lock', MINUTE)
      expect(next).toBeDefined()
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
      expect(await next?.release()).toBe(true)
      expect(await main.ahasKey('lock')).toBe(false)
    })

    it('is released once', async () => {
      const { main } = open()
      const lock = await main.alock('lock', MINUTE)
      expect(await lock?.release()).toBe(true)
      expect(await lock?.release()).toBe(false)
      await main.alock('lock', MINUTE)
      expect(await lock?.release()).toBe(false)
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
    })

    it('opens at the end of an await using block', async () => {
      const { main } = open()
      {
        await using lock = await main.alock('lock', MINUTE)
        expect(lock).toBeDefined()
        expect(await main.alock('lock', MINUTE)).toBeUndefined()
      }
      expect(await main.ahasKey('lock')).toBe(false)
    })

    it('… also of one that throws', async () => {
      const { main } = open()
      const broken = new Error('no luck today')
      const work = async () => {
        await using lock = await main.alock('lock', MINUTE)
        if (lock !== undefined) throw broken
      }
      await expect(work()).rejects.toBe(broken)
      expect(await main.ahasKey('lock')).toBe(false)
    })

    it('… and not of one that never had it', async () => {
      const { main } = open()
      await main.alock('lock', MINUTE)
      {
        await using lock = await main.alock('lock', MINUTE)
        expect(lock).toBeUndefined()
      }
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
    })

    it('is open again at its timeout, and not before', async () => {
      const { main, clock } = open()
      await main.alock('lock', { timeout: 1.5 })
      clock.advance(1.499)
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
      clock.advance(0.001)
      expect(await main.alock('lock', MINUTE)).toBeDefined()
    })

    it('has nothing to release after its timeout', async () => {
      const { main, clock } = open()
      const lock = await main.alock('lock', { timeout: 1 })
      clock.advance(1)
      expect(await lock?.release()).toBe(false)
    })

    it("outlives the late release of someone else's", async () => {
      const { main, elsewhere, clock } = open()
      const late = await main.alock('lock', { timeout: 1 })
      clock.advance(1)
      const current = await elsewhere().alock('lock', MINUTE)
      expect(await late?.release()).toBe(false)
      await late?.[ASYNC_DISPOSE]()
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
      expect(await main.attl('lock')).toBe(60)
      expect(await current?.release()).toBe(true)
    })

    it('does not remove a value stored in its place', async () => {
      const { main } = open()
      const lock = await main.alock('lock', MINUTE)
      await main.aset('lock', 'value', 10)
      expect(await lock?.release()).toBe(false)
      expect(await main.aget('lock')).toBe('value')
      expect(await main.attl('lock')).toBe(10)
    })

    it.each([null, false, 0, '', 'value', { a: 1 }])('is not granted if the key holds %o', async (value) => {
      const { main } = open()
      await main.aset('lock', value, 10)
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
      expect(await main.aget('lock')).toStrictEqual(value)
      expect(await main.attl('lock')).toBe(10)
    })

    it('is an ordinary entry: ttl reports its time, touch extends it, delete breaks it', async () => {
      const { main, clock } = open()
      const lock = await main.alock('lock', { timeout: 10 })
      clock.advance(4)
      expect(await main.attl('lock')).toBe(6)
      await main.atouch('lock', 20)
      clock.advance(10)
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
      expect(await lock?.release()).toBe(true)
      const broken = await main.alock('lock', MINUTE)
      await main.adelete('lock')
      expect(await broken?.release()).toBe(false)
      expect(await main.alock('lock', MINUTE)).toBeDefined()
    })

    it('keeps keys, versions, prefixes and key functions apart', async () => {
      const { main, v2, prefixed, custom } = open()
      const lock = await main.alock('lock', MINUTE)
      const second = await v2.alock('lock', MINUTE)
      const others = [
        await main.alock('other', MINUTE),
        await prefixed.alock('lock', MINUTE),
        await custom.alock('lock', MINUTE),
        await main.alock('lock', { ...MINUTE, version: 'text' }),
      ]
      expect(others).not.toContain(undefined)
      expect(await main.alock('lock', { ...MINUTE, version: 2 })).toBeUndefined()
      expect(await v2.alock('lock', { ...MINUTE, version: 1 })).toBeUndefined()
      expect(await second?.release()).toBe(true)
      expect(await main.ahasKey('lock')).toBe(true)
      expect(await lock?.release()).toBe(true)
      for (const other of others) expect(await other?.release()).toBe(true)
    })

    it.runIf(supports.atomic)('has one holder among 50 concurrent takers', async () => {
      const { main, elsewhere } = open()
      const other = elsewhere()
      const calls = Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? main : other).alock('lock', MINUTE),
      )
      const held = (await Promise.all(calls)).filter((lock) => lock !== undefined)
      expect(held).toHaveLength(1)
      expect(await held[0]?.release()).toBe(true)
    })

    it('is refused without a timeout of more than 0', async () => {
      const { main } = open()
      for (const timeout of [0, -1, null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
        await expect(main.alock('lock', { timeout: timeout as number })).rejects.toThrow(RangeError)
      }
      await expect(main.alock('lock', {} as never)).rejects.toThrow(RangeError)
      await expect(main.alock('lock', undefined as never)).rejects.toThrow(RangeError)
      for (const options of [null, 60, 'long', [60], { timeout: '60' }]) {
        await expect(main.alock('lock', options as never)).rejects.toThrow(TypeError)
      }
      expect(await main.ahasKey('lock')).toBe(false)
    })
  })
}

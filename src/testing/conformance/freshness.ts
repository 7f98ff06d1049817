import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

const windows = { timeout: 10, staleWhileRevalidate: 60 }

/** Stale values are missing to every method but `agetOrSet` and `aentry`. */
export function freshness({ open }: Context): void {
  describe('aentry', () => {
    it('gives the value with its age, its time left and its tags', async () => {
      const { main, clock } = open()
      await main.aset('key', { n: 1 }, { timeout: 10, keepAge: true })
      clock.advance(3)
      expect(await main.aentry('key')).toEqual({ value: { n: 1 }, age: 3, ttl: 7, isStale: false, tags: [] })
      await main.aset('key', 'v', windows)
      clock.advance(15)
      expect(await main.aentry('key')).toEqual({ value: 'v', age: 15, ttl: 0, isStale: true, tags: [] })
      clock.advance(55)
      expect(await main.aentry('key')).toBeUndefined()
    })

    it('gives no age where none was stored, and null for a value that never expires', async () => {
      const { main } = open()
      await main.aset('key', 1, null)
      expect(await main.aentry('key')).toEqual({
        value: 1,
        age: undefined,
        ttl: null,
        isStale: false,
        tags: [],
      })
      expect(await main.aentry('missing')).toBeUndefined()
    })
  })

  describe('a stale value', () => {
    it('is missing to all other methods', async () => {
      const { main, clock } = open()
      await main.asetMany({ key: 'old', count: 1 }, windows)
      clock.advance(10)
      expect(await main.aget('key')).toBeUndefined()
      expect(await main.ahasKey('key')).toBe(false)
      expect(await main.attl('key')).toBeUndefined()
      expect(await main.atouch('key', 100)).toBe(false)
      expect(await main.apop('key')).toBeUndefined()
      expect(await main.agetMany(['key', 'count'])).toEqual(new Map())
      await expect(main.aincr('count')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
      await expect(main.aincrVersion('key')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
      expect(await main.aincr('count', 5, { initial: 0 })).toBe(5)
      expect((await main.aentry('key'))?.isStale).toBe(true)
      expect(await main.aadd('key', 'new', null)).toBe(true)
      expect(await main.aentry('key')).toMatchObject({ value: 'new', isStale: false })
    })

    it.each([
      ['delete', false],
      ['set', undefined],
      ['clear', undefined],
    ] as const)('is gone after %s', async (method, result) => {
      const { main, clock } = open()
      await main.aset('key', 'old', windows)
      clock.advance(10)
      if (method === 'delete') expect(await main.adelete('key')).toBe(result)
      else if (method === 'set') await main.aset('key', 'new', 0)
      else await main.aclear()
      expect(await main.aentry('key')).toBeUndefined()
    })

    it('moves with its version while it is live, windows and all', async () => {
      const { main, clock } = open()
      await main.aset('key', 'v', windows)
      clock.advance(5)
      await main.aincrVersion('key')
      clock.advance(10)
      expect(await main.aentry('key', { version: 2 })).toMatchObject({ value: 'v', age: 15, isStale: true })
    })
  })

  describe('aexpire', () => {
    it('makes a live value stale now, and removes one without a window', async () => {
      const { main, clock } = open()
      await main.aset('kept', 'v', { timeout: null, staleWhileRevalidate: 60 })
      await main.aset('plain', 'v', null)
      clock.advance(5)
      expect(await main.aexpire('kept')).toBe(true)
      expect(await main.aexpire('kept')).toBe(false)
      expect(await main.aexpire('plain')).toBe(true)
      expect(await main.aexpire('missing')).toBe(false)
      expect(await main.aget('kept')).toBeUndefined()
      expect(await main.aentry('kept')).toMatchObject({ value: 'v', ttl: 0, isStale: true })
      expect(await main.aentry('plain')).toBeUndefined()
      clock.advance(60)
      expect(await main.aentry('kept')).toBeUndefined()
    })
  })
}

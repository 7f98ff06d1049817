import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

/** Lines 95 to 104. `loading.ts` tests async loaders. */
export function getOrSet({ open, twins }: Context): void {
  /** The result of a loader that first does some work. The sync methods have done it when they return their promise. */
  const having = <T>(work: Promise<unknown>, value: T): T | Promise<T> =>
    twins === 'sync' ? value : work.then(() => value)

  describe('getOrSet', () => {
    it('95. gives the default for a missing key, and stores it', async () => {
      const { main } = open()
      expect(await main.agetOrSet('projector', 42)).toBe(42)
      expect(await main.aget('projector')).toBe(42)
      expect(await main.agetOrSet('projector', 43)).toBe(42)
    })

    it('96. stores a default of null', async () => {
      const { main } = open()
      expect(await main.agetOrSet('null', null)).toBeNull()
      expect(await main.aget('null', { default: 'default' })).toBeNull()
    })

    it('97. gives and stores what a function gives', async () => {
      const { main } = open()
      expect(await main.agetOrSet('mykey', () => 'value')).toBe('value')
      expect(await main.aget('mykey')).toBe('value')
      expect(await main.agetOrSet('mykey', 'value')).toBe('value')
    })

    it('98. stores the null that a function gives', async () => {
      const { main } = open()
      expect(await main.agetOrSet('mykey', () => null)).toBeNull()
      expect(await main.aget('mykey', { default: 'default' })).toBeNull()
    })

    it('99. fills each version apart', async () => {
      const { main } = open()
      const versions = [{ version: 1 }, { version: 2 }, { version: 3 }] as const
      expect(await main.agetOrSet('brian', 1979, versions[1])).toBe(1979)
      expect(await main.aget('brian')).toBeUndefined()
      expect(await main.agetOrSet('brian', () => 1980, versions[0])).toBe(1980)
      expect(await main.aget('brian')).toBe(1980)
      expect(await main.aget('brian', versions[1])).toBe(1979)
      expect(await main.ahasKey('brian', versions[2])).toBe(false)
    })

    it('100. refuses to do without a default', async () => {
      const { main } = open()
      // @ts-expect-error: does not compile either
      await expect(main.agetOrSet('brian')).rejects.toThrow(TypeError)
      await expect(main.agetOrSet('brian', undefined, { version: 1 })).rejects.toThrow(TypeError)
      expect(await main.ahasKey('brian')).toBe(false)
    })

    it('101. gives the default where another writer came first and is gone already', async () => {
      const { cache, elsewhere, clock } = open()
      // Each read of this clock takes 10 s, so an entry of 15 s is live for the add and expired for the next
      // read.
      const hasty = cache({
        clock: () => {
          clock.advance(10)
          return clock.now()
        },
      })
      const other = elsewhere()
      expect(await hasty.agetOrSet('key', () => having(other.aset('key', 'theirs', 15), 'mine'))).toBe('mine')
      expect(await other.ahasKey('key')).toBe(false)
    })

    it('102. does not call the function on a hit, and leaves the deadline', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 10)
      await main.aset('null', null, 10)
      clock.advance(4)
      const unwanted = () => {
        throw new Error('called on a hit')
      }
      expect(await main.agetOrSet('key', unwanted, 100)).toBe('value')
      expect(await main.agetOrSet('null', unwanted, 100)).toBeNull()
      expect(await main.attl('key')).toBe(6)
    })

    it('103. gives and keeps the value of a writer in another process that came first', async () => {
      const { main, elsewhere } = open()
      const other = elsewhere()
      expect(await main.agetOrSet('key', () => having(other.aset('key', 'theirs'), 'mine'))).toBe('theirs')
      expect(await main.aget('key')).toBe('theirs')
    })

    it('103. gives and keeps the value of a writer in this process that came first', async () => {
      const { main } = open()
      expect(await main.agetOrSet('key', () => having(main.aset('key', 'theirs'), 'mine'))).toBe('theirs')
      expect(await main.aget('key')).toBe('theirs')
    })

    it('104. passes on what the function throws, and stores nothing', async () => {
      const { main } = open()
      const broken = new Error('no answer today')
      const load = () => {
        throw broken
      }
      await expect(main.agetOrSet('key', load)).rejects.toBe(broken)
      expect(await main.ahasKey('key')).toBe(false)
      expect(await main.agetOrSet('key', () => 'next time')).toBe('next time')
    })

    it('loads an expired key again', async () => {
      const { main, clock } = open()
      await main.agetOrSet('key', () => 'first', 1)
      clock.advance(1)
      expect(await main.agetOrSet('key', () => 'second', { timeout: 1 })).toBe('second')
      expect(await main.attl('key')).toBe(1)
    })

    it('returns the loaded value and stores nothing with timeout 0', async () => {
      const { main } = open()
      expect(await main.agetOrSet('key', () => 'value', 0)).toBe('value')
      expect(await main.ahasKey('key')).toBe(false)
    })

    it('passes undefined through and does not store it', async () => {
      const { main } = open()
      expect(await main.agetOrSet('key', () => undefined)).toBeUndefined()
      expect(await main.ahasKey('key')).toBe(false)
      expect(await main.agetOrSet('key', () => 'now there is')).toBe('now there is')
    })

    it('rejects a loaded value that cannot be stored', async () => {
      const { main } = open()
      const promise = main.agetOrSet('key', () => Symbol('s'))
      await expect(promise).rejects.toMatchObject({ code: 'INVALID_VALUE', key: 'key' })
      expect(await main.ahasKey('key')).toBe(false)
    })
  })
}

import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'

/** An addition to Django: `akeys` and `aentries`. */
export function listing({ open, supports }: Context): void {
  const all = async <T>(listed: AsyncIterable<T>): Promise<T[]> => {
    const found: T[] = []
    for await (const one of listed) found.push(one)
    return found
  }
  const keysOf = async (listed: AsyncIterable<string>): Promise<string[]> => (await all(listed)).sort()

  describe('keys, entries', () => {
    it('list the live keys that begin with a prefix, and their values', async () => {
      const { main, clock } = open()
      await main.asetMany({ 'user:1': 'Ada', 'user:2': { name: 'Grace' }, 'post:1': 'text' })
      await main.aset('user:3', 'gone', 10)
      await main.aset('user:4', 'deleted')
      await main.adelete('user:4')
      clock.advance(10)
      expect(await keysOf(main.akeys('user:'))).toEqual(['user:1', 'user:2'])
      expect(await keysOf(main.akeys())).toEqual(['post:1', 'user:1', 'user:2'])
      expect(await keysOf(main.akeys('user:1'))).toEqual(['user:1'])
      expect(await keysOf(main.akeys('nothing'))).toEqual([])
      const entries = await all(main.aentries('user:'))
      expect(new Map(entries)).toEqual(
        new Map<string, unknown>([
          ['user:1', 'Ada'],
          ['user:2', { name: 'Grace' }],
        ]),
      )
    })

    it('list nothing in an empty cache, and after a clear', async () => {
      const { main } = open()
      expect(await all(main.akeys())).toEqual([])
      expect(await all(main.aentries())).toEqual([])
      await main.aset('key', 1)
      await main.aclear()
      expect(await all(main.akeys())).toEqual([])
    })

    it('list one version', async () => {
      const { main } = open()
      await main.aset('one', 1)
      await main.aset('two', 2, { version: 2 })
      expect(await keysOf(main.akeys())).toEqual(['one'])
      expect(await keysOf(main.akeys('', { version: 2 }))).toEqual(['two'])
      expect(await all(main.aentries('', { version: 2 }))).toEqual([['two', 2]])
    })

    it('list no key of another prefix', async () => {
      const { cache } = open()
      const names = ['', 'a', 'a:', 'a:1', 'a:1:', 'b']
      for (const name of names) await cache({ keyPrefix: name }).aset('key', name)
      for (const name of names) {
        expect(await all(cache({ keyPrefix: name }).akeys())).toEqual(['key'])
        expect(await all(cache({ keyPrefix: name }).aentries('k'))).toEqual([['key', name]])
      }
    })

    it('take odd prefixes as they are', async () => {
      const { main } = open()
      const odd = ['a%', 'a_', 'a\u{1f600}b', 'a\u{1f3ff}b', 'a\uffffb', 'a\ud7ffb', '__proto__', 'a*']
      await main.asetMany(odd.map((key) => [key, key] as const))
      for (const key of odd) {
        expect(await all(main.akeys(key))).toEqual([key])
        const [first = ''] = key.slice(1)
        const begins = odd.filter((other) => other.startsWith(key[0] + first))
        expect(await keysOf(main.akeys(key[0] + first))).toEqual([...begins].sort())
      }
      await expect(all(main.akeys('\ud800'))).rejects.toMatchObject({ code: 'INVALID_KEY' })
    })

    it('list each of many keys exactly once, while others come and go', async () => {
      const { main } = open()
      const lasting = Array.from({ length: 1_500 }, (_, index) => `last:${String(index).padStart(4, '0')}`)
      await main.asetMany(lasting.map((key) => [key, 1] as const))
      const found: string[] = []
      for await (const key of main.akeys('last:')) {
        found.push(key)
        if (found.length % 500 === 0) {
          await main.asetMany({ [`last:${found.length}-new`]: 1, [`last:9${found.length}`]: 1 })
          await main.adelete(`last:9${found.length}`)
          await main.aset(key, 'changed')
        }
      }
      const isLasting = new Set(lasting)
      expect(found.filter((key) => isLasting.has(key)).sort()).toEqual(lasting)
      expect(new Set(found).size).toBe(found.length)
    })

    it('give copies, and not entries that only agetOrSet may return', async () => {
      const { main, clock } = open()
      await main.aset('stale', 'old', { timeout: 1, staleIfError: 100 })
      await main.aset('object', { list: [1] })
      clock.advance(1)
      if (supports.values !== 'shared')
        for await (const [, value] of main.aentries<{ list: number[] }>()) value.list.push(2)
      expect(await all(main.aentries())).toEqual([['object', { list: [1] }]])
    })

    it('refuse what is no prefix', async () => {
      const { main, custom } = open()
      const listed = async (prefix: unknown) => all(main.akeys(prefix as string))
      for (const wrong of [1, null, ['a'], {}]) await expect(listed(wrong)).rejects.toThrow(TypeError)
      await expect(all(custom.akeys())).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })
  })
}

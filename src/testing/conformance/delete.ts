import { describe, expect, it } from 'vitest'
import { alias, type Context, liveAmong } from './context.ts'

/** Lines 57 to 67, except those in `notApplicable`. */
export function deleteAndClear({ open }: Context): void {
  describe('delete, deleteMany, clear, close', () => {
    it('57. deletes a key and leaves the others', async () => {
      const { main } = open()
      await main.asetMany({ key1: 'spam', key2: 'eggs' })
      expect(await main.adelete('key1')).toBe(true)
      expect(await main.aget('key1')).toBeUndefined()
      expect(await main.aget('key2')).toBe('eggs')
      expect(await main.adelete('key1')).toBe(false)
    })

    it('57. deletes a key whose value is null', async () => {
      const { main } = open()
      await main.aset('null', null)
      expect(await main.adelete('null')).toBe(true)
    })

    it('58. answers false for a missing key', async () => {
      expect(await open().main.adelete('nonexistent')).toBe(false)
    })

    it('58. answers false for an expired key', async () => {
      const { main, clock } = open()
      await main.aset('key', 'value', 1)
      clock.advance(1)
      expect(await main.adelete('key')).toBe(false)
    })

    it('59. answers although the cache is closed meanwhile', async () => {
      const { main } = open()
      await main.aset('key', 'value')
      const deleting = main.adelete('key')
      await main.aclose()
      expect(await deleting).toBe(true)
      expect(await main.ahasKey('key')).toBe(false)
    })

    it('60. deletes many keys and leaves the others', async () => {
      const { main } = open()
      await main.asetMany({ key1: 'spam', key2: 'eggs', key3: 'ham' })
      expect(await main.adeleteMany(['key1', 'missing', 'key2', 'key1'])).toBeUndefined()
      expect(await liveAmong(main, ['key1', 'key2', 'key3'])).toEqual(['key3'])
    })

    it('60. deletes what a one-shot iterator gives', async () => {
      const { main } = open()
      await main.asetMany({ key1: 'spam', key2: 'eggs', key3: 'ham' })
      await main.adeleteMany(['key1', 'key2'].values())
      expect(await liveAmong(main, ['key1', 'key2', 'key3'])).toEqual(['key3'])
    })

    it('61. deletes none of no keys', async () => {
      const { main } = open()
      await main.aset('key', 'value')
      expect(await main.adeleteMany([])).toBeUndefined()
      expect(await main.ahasKey('key')).toBe(true)
    })

    it('62. deletes many keys in one trip', async () => {
      const { adapter, cache } = open()
      const trips: string[] = []
      const counted = cache(
        {},
        alias(adapter, (method) => trips.push(method.replace('Sync', ''))),
      )
      await counted.asetMany({ key1: 'spam', key2: 'eggs', key3: 'ham' })
      trips.length = 0
      await counted.adeleteMany(['key1', 'key2', 'key3'])
      expect(trips).toEqual(['commit'])
    })

    it('63. clears every key', async () => {
      const { main } = open()
      await main.asetMany({ key1: 'spam', key2: 'eggs' })
      expect(await main.aclear()).toBeUndefined()
      expect(await liveAmong(main, ['key1', 'key2'])).toEqual([])
    })

    it('63. clears every version, prefix and key function, from a cache without a prefix', async () => {
      const { main, prefixed, v2, custom } = open()
      const caches = [main, prefixed, v2, custom]
      for (const cache of caches) await cache.aset('key', 'value')
      await main.aclear()
      for (const cache of caches) expect(await cache.ahasKey('key')).toBe(false)
    })

    it('63. clears one prefix, in all its versions and key functions, from a cache that has it', async () => {
      const { prefixed, cache, main } = open()
      const hashing = cache({ keyPrefix: 'app', keyFunction: (key) => `hashed-${key}` })
      const neighbours = [
        main,
        ...['ap', 'app2', 'app:1', 'App', 'b'].map((keyPrefix) => cache({ keyPrefix })),
      ]
      for (const one of [prefixed, hashing, ...neighbours]) await one.aset('key', 'value')
      await prefixed.aset('key', 'value', { version: 7 })
      await prefixed.aclear()
      expect(await prefixed.ahasKey('key')).toBe(false)
      expect(await prefixed.ahasKey('key', { version: 7 })).toBe(false)
      expect(await hashing.ahasKey('key')).toBe(false)
      for (const neighbour of neighbours) expect(await neighbour.aget('key')).toBe('value')
    })

    it.each([
      ['a_b', 'axb'],
      ['a%b', 'axx25b'],
      ['a*b', 'axxb'],
      ['a.b', 'axb'],
      ['a[xy]b', 'axb'],
    ])(
      '63. clears the prefix %s, and not %s, that it would stand for in a pattern',
      async (prefix, other) => {
        const { cache } = open()
        const [cleared, neighbour] = [cache({ keyPrefix: prefix }), cache({ keyPrefix: other })]
        for (const one of [cleared, neighbour]) await one.aset('key', 'value')
        await cleared.aclear()
        expect(await cleared.ahasKey('key')).toBe(false)
        expect(await neighbour.aget('key')).toBe('value')
      },
    )

    it('65. can be used again once cleared', async () => {
      const { main } = open()
      await main.aclear()
      await main.aset('key', 'old')
      await main.aclear()
      expect(await main.aadd('key', 'value')).toBe(true)
      expect(await main.aget('key')).toBe('value')
    })

    it('67. may be closed at any time, and used again', async () => {
      const { main } = open()
      expect(await main.aclose()).toBeUndefined()
      await main.aset('key', 'value')
      await Promise.all([main.aclose(), main.aclose()])
      expect(await main.aadd('other', 'value')).toBe(true)
      expect(await main.aget('other')).toBe('value')
    })
  })
}

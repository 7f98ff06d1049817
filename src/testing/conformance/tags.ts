import { describe, expect, it } from 'vitest'
import { type Context, liveAmong } from './context.ts'

/** Tags name groups of values. */
export function tags({ open }: Context): void {
  describe('tags', () => {
    it('adeleteTags removes the values that have one of the tags', async () => {
      const { main } = open()
      await main.aset('a', 1, { tags: ['x'] })
      await main.aadd('b', 'b', { tags: ['y', 'z'] })
      await main.asetMany({ c: 1, d: 'd' }, { tags: ['z'] })
      await main.aincr('e', 1, { initial: 0, tags: ['x'] })
      await main.agetOrSet('f', 'f', { tags: ['x'] })
      await main.aset('g', 'g')
      await main.adeleteTags('x')
      expect(await liveAmong(main, ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toEqual(['b', 'c', 'd', 'g'])
      await main.adeleteTags('y', 'z', 'unknown')
      expect(await liveAmong(main, ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toEqual(['g'])
      await main.adeleteTags()
    })

    it('a value that is written later lives, and has the tags it was written with', async () => {
      const { main } = open()
      await main.asetMany({ a: 'old', b: 'old' }, { tags: ['x'] })
      await main.adeleteTags('x')
      await main.aset('a', 'new', { tags: ['x'] })
      await main.aset('b', 'new')
      expect(await main.agetMany(['a', 'b'])).toEqual(
        new Map([
          ['a', 'new'],
          ['b', 'new'],
        ]),
      )
      await main.adeleteTags('x')
      expect(await main.agetMany(['a', 'b'])).toEqual(new Map([['b', 'new']]))
    })

    it('belong to a keyPrefix, and go over its versions', async () => {
      const { main, prefixed, v2 } = open()
      for (const cache of [main, prefixed, v2]) await cache.aset('key', 'v', { tags: ['x'] })
      await main.adeleteTags('x')
      expect(await main.ahasKey('key')).toBe(false)
      expect(await v2.ahasKey('key')).toBe(false)
      expect(await prefixed.ahasKey('key')).toBe(true)
    })

    it('work with custom key functions, touch and version moves', async () => {
      const { custom, main } = open()
      await custom.aset('key', 'v', { tags: ['x'] })
      await main.aset('moved', 'v', { tags: ['x'] })
      await main.atouch('moved', 1_000)
      await main.aincrVersion('moved')
      expect((await main.aentry('moved', { version: 2 }))?.tags).toEqual(['x'])
      await main.adeleteTags('x')
      expect(await custom.ahasKey('key')).toBe(false)
      expect(await main.ahasKey('moved', { version: 2 })).toBe(false)
    })

    it('aexpireTags makes values stale, and removes those without a window', async () => {
      const { main, clock } = open()
      await main.aset('kept', 'v', { tags: ['x'], staleWhileRevalidate: 60 })
      await main.aset('plain', 'v', { tags: ['x'] })
      clock.advance(1)
      await main.aexpireTags('x')
      expect(await liveAmong(main, ['kept', 'plain'])).toEqual([])
      expect(await main.aentry('kept')).toMatchObject({ value: 'v', isStale: true, tags: ['x'] })
      expect(await main.aentry('plain')).toBeUndefined()
      await main.adeleteTags('x')
      expect(await main.aentry('kept')).toBeUndefined()
    })

    it.each(['', 'a b', 'ü/日本', 'x'.repeat(300), ':', 'a:b', "'; DROP TABLE entries; --", '%'])(
      'any text is a tag but the empty one: %j',
      async (tag) => {
        const { main } = open()
        if (tag === '') {
          await expect(main.aset('key', 1, { tags: [tag] })).rejects.toThrow(TypeError)
          await expect(main.adeleteTags(tag)).rejects.toThrow(TypeError)
          return
        }
        await main.aset('key', 'v', { tags: [tag] })
        expect((await main.aentry('key'))?.tags).toEqual([tag])
        await main.adeleteTags('other')
        expect(await main.ahasKey('key')).toBe(true)
        await main.adeleteTags(tag)
        expect(await main.ahasKey('key')).toBe(false)
      },
    )

    it('are as many as one likes', async () => {
      const { main } = open()
      const many = Array.from({ length: 200 }, (_, index) => `tag ${index}`)
      await main.aset('key', 'v', { tags: many })
      expect((await main.aentry('key'))?.tags).toEqual(many)
      await main.adeleteTags('tag 199')
      expect(await main.ahasKey('key')).toBe(false)
    })
  })
}

import { describe, expect, it } from 'vitest'
import type { CacheWarning } from '../../core/keys.ts'
import type { TestedCache } from '../sync-twins.ts'
import type { Context } from './context.ts'

/** Names of inherited properties, which would break an object used as a table of keys. */
const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'length', '0']

/** Unusual keys: each works or is refused like any other. */
export function oddKeys({ open, supports }: Context): void {
  describe('bad input: keys', () => {
    it.each(INHERITED)('accepts %s as an ordinary key', async (key) => {
      const { main } = open()
      await expectUsable(main, key)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    })

    it('sets and gets them together, from a Map and from an object', async () => {
      const { main } = open()
      const pairs = INHERITED.map((key, index) => [key, index] as const)
      // Unlike an assignment, this creates an own property for `__proto__` too.
      for (const data of [new Map(pairs), Object.fromEntries(pairs)]) {
        await main.aclear()
        expect(await main.agetMany(INHERITED)).toEqual(new Map())
        expect(await main.asetMany(data)).toEqual([])
        expect([...(await main.agetMany(INHERITED))]).toEqual(pairs)
        await main.adeleteMany(INHERITED)
        expect(await main.agetMany(INHERITED)).toEqual(new Map())
      }
    })

    it('keeps them as names inside a value', async () => {
      const { main } = open()
      const make = () => Object.fromEntries(INHERITED.map((name) => [name, { polluted: true }]))
      await main.aset('key', make())
      await main.asetMany({ many: [make()] })
      for (const value of [await main.aget('key'), (await main.aget<object[]>('many'))?.[0]]) {
        expect(Object.entries(value as object)).toEqual(Object.entries(make()))
        expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
      }
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    })

    it('accepts the empty string as a key', async () => {
      const { main, prefixed, custom } = open()
      for (const cache of [main, prefixed, custom]) await expectUsable(cache, '')
    })

    it.each([':', '::', ':1:', '%', '%3A', '_', "'; --", '*', '../..', 'a/b?c#d', '\n', '\u0000', '\uffff'])(
      'takes %j for a key',
      async (key) => {
        const { main, prefixed, custom } = open()
        for (const cache of [main, prefixed, custom]) await expectUsable(cache, key)
      },
    )

    it('distinguishes keys that only look alike', async () => {
      const { main } = open()
      const alike = ['é', 'e\u0301', 'É', 'e', 'e ', ' e', 'ｅ', 'e\u0000', 'e\u0000e', 'e\u200b']
      const pairs = alike.map((key, index) => [key, index] as const)
      await main.asetMany(pairs)
      expect([...(await main.agetMany(alike))]).toEqual(pairs)
    })

    it('refuses a key that is not a well-formed string, which stores would confuse', async () => {
      const { main } = open()
      await main.aset('fine', 'old')
      for (const key of ['\ud800', 'a\udc00b']) {
        const invalid = { code: 'INVALID_KEY', key }
        await expect(main.aset(key, 1)).rejects.toMatchObject(invalid)
        await expect(main.aget(key)).rejects.toMatchObject(invalid)
        await expect(main.asetMany({ fine: 'new', [key]: 1 })).rejects.toMatchObject(invalid)
      }
      expect(await main.aget('fine')).toBe('old')
    })

    const { maxKeyBytes } = supports
    const megabyte = 'k'.repeat(1_000_000)

    it.runIf(maxKeyBytes === null)('takes a key of a megabyte, and warns of it', async () => {
      const warnings: CacheWarning[] = []
      const cache = open().cache({ onWarning: (warning) => warnings.push(warning) })
      await expectUsable(cache, megabyte)
      // Once for each version that it is used with.
      expect(warnings.map(({ code }) => code)).toEqual(['KEY_LENGTH', 'KEY_LENGTH'])
      expect(warnings[0]?.message.length).toBeLessThan(500)
    })

    it.runIf(maxKeyBytes !== null)('refuses a key of more bytes than the place can take', async () => {
      const { cache } = open()
      const bytes = maxKeyBytes ?? 0
      for (const quiet of [cache(), cache({ keys: 'off' })]) {
        await quiet.aset('fine', 'old')
        for (const key of [megabyte, 'k'.repeat(bytes - 2), '清'.repeat(Math.ceil((bytes - 2) / 3))]) {
          const invalid = { code: 'INVALID_KEY', key, message: expect.stringContaining(String(bytes)) }
          await expect(quiet.aset(key, 1)).rejects.toMatchObject(invalid)
          await expect(quiet.aget(key)).rejects.toMatchObject(invalid)
          await expect(quiet.asetMany({ fine: 'new', [key]: 1 })).rejects.toMatchObject(invalid)
        }
        expect(await quiet.aget('fine')).toBe('old')
      }
    })

    it.runIf(maxKeyBytes !== null)('takes a key of as many bytes as the place can take', async () => {
      const cache = open().cache({ keys: 'off' })
      await expectUsable(cache, 'k'.repeat((maxKeyBytes ?? 0) - ':1:'.length))
    })
  })
}

/** Every operation on one key, next to another key that must not change. */
async function expectUsable(cache: TestedCache, key: string): Promise<void> {
  await cache.aset('neighbour', 'old')
  expect(await cache.aget(key)).toBeUndefined()
  expect(await cache.ahasKey(key)).toBe(false)
  await expect(cache.aincr(key)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND', key })
  expect(await cache.aadd(key, 1)).toBe(true)
  expect(await cache.aincr(key)).toBe(2)
  expect(await cache.atouch(key, 10)).toBe(true)
  expect(await cache.agetMany([key])).toEqual(new Map([[key, 2]]))
  expect(await cache.aincrVersion(key)).toBe(2)
  expect(await cache.aget(key, { version: 2 })).toBe(2)
  expect(await cache.adelete(key, { version: 2 })).toBe(true)
  expect(await cache.agetOrSet(key, () => 'loaded')).toBe('loaded')
  await cache.aset(key, 'value')
  expect(await cache.aget(key)).toBe('value')
  expect(await cache.adelete(key)).toBe(true)
  expect(await cache.ahasKey(key)).toBe(false)
  expect(await cache.aget('neighbour')).toBe('old')
}

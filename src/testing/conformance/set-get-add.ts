import { afterEach, describe, expect, it, vi } from 'vitest'
import { isVast, storableValues } from '../values.ts'
import type { Context } from './context.ts'

/** Non-ASCII text in values and in keys. */
const unicode = {
  ascii: 'ascii value',
  'value beyond ASCII': 'Iñtërnâtiônàlizætiøn 1',
  Iñtërnâtiônàlizætiøn: 'Iñtërnâtiônàlizætiøn 2',
  'Ελλάδα-🇬🇷-日本': { όνομα: 'Ελλάδα', flag: '🇬🇷' },
} as const

/** Lines 1 to 20. */
export function setGetAdd({ open, supports }: Context): void {
  const copies = supports.values !== 'shared'

  describe('set, get, add', () => {
    afterEach(() => {
      vi.useRealTimers()
    })

    it('1. reads back a value that was set', async () => {
      const { main } = open()
      await main.aset('key', 'value')
      expect(await main.aget('key')).toBe('value')
    })

    it('2. reads undefined for a key that was never set', async () => {
      expect(await open().main.aget('does_not_exist')).toBeUndefined()
    })

    it('3. reads the default for a key that was never set', async () => {
      const { main } = open()
      expect(await main.aget('does_not_exist', { default: 'bang!' })).toBe('bang!')
      expect(await main.aget('does_not_exist', { default: null })).toBeNull()
    })

    it('4. reads a stored null, not the default', async () => {
      const { main } = open()
      await main.aset('null', null)
      expect(await main.aget('null', { default: 'default' })).toBeNull()
      expect(await main.aget('null')).toBeNull()
    })

    it('5. adds an absent key and reads it back', async () => {
      const { main } = open()
      expect(await main.aadd('key', 'value')).toBe(true)
      expect(await main.aget('key')).toBe('value')
    })

    it('6. refuses to add a live key and keeps its value and deadline', async () => {
      const { main, clock } = open()
      await main.aadd('key', 'value', 10)
      clock.advance(4)
      expect(await main.aadd('key', 'newvalue', 100)).toBe(false)
      expect(await main.aget('key')).toBe('value')
      expect(await main.attl('key')).toBe(6)
    })

    it.each(storableValues)('7. gives back as it went in: $name', async ({ make, flaw }) => {
      const { main } = open()
      await main.aset('value', make())
      const value = await main.aget('value')
      // Comparing four billion holes would take forever; flaw() checks what matters.
      if (!isVast(make())) expect(value).toStrictEqual(make())
      expect(flaw?.(value as never)).toBeUndefined()
    })

    it('returns dates unchanged, even if the global Date is replaced', async () => {
      const { main } = open()
      const made = (): unknown => ({
        at: new Date(7),
        all: [new Date(Number.NaN), new Map([[new Date(8), 1]])],
      })
      const expected = made()
      const fake = () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
      await main.aset('before', made())
      fake()
      await main.aset('meanwhile', made())
      expect(await main.aadd('added', new Date(9))).toBe(true)
      for (const key of ['before', 'meanwhile']) expect(await main.aget(key)).toEqual(expected)
      const madeMeanwhile = made()
      vi.useRealTimers()
      await main.aset('after', madeMeanwhile)
      for (const key of ['before', 'meanwhile', 'after']) expect(await main.aget(key)).toEqual(expected)
      expect(await main.aget('added')).toEqual(new Date(9))
      fake()
      expect(await main.aget('after')).toEqual(expected)
    })

    it('8. keeps a non-ASCII value under an ASCII key', async () => {
      const { main } = open()
      await main.aset('ascii', 'Iñtërnâtiônàlizætiøn')
      expect(await main.aget('ascii')).toBe('Iñtërnâtiônàlizætiøn')
    })

    it('9. keeps values under non-ASCII keys', async () => {
      const { main } = open()
      for (const [key, value] of Object.entries(unicode)) {
        await main.aset(key, value)
        expect(await main.aget(key)).toEqual(value)
      }
    })

    it('10. deletes non-ASCII keys and adds them again', async () => {
      const { main } = open()
      for (const [key, value] of Object.entries(unicode)) {
        await main.aset(key, 'old')
        expect(await main.adelete(key)).toBe(true)
        expect(await main.aadd(key, value)).toBe(true)
        expect(await main.aget(key)).toEqual(value)
      }
    })

    it('11. keeps non-ASCII keys and values that were set together', async () => {
      const { main } = open()
      await main.asetMany(unicode)
      expect(await main.agetMany(Object.keys(unicode))).toEqual(new Map(Object.entries(unicode)))
    })

    it('12. gives compressed bytes back by the byte, after set', async () => {
      const { main } = open()
      const bytes = await compressed('value to be compressed')
      await main.aset('binary', bytes)
      expect(await main.aget('binary')).toStrictEqual(bytes)
      expect(await decompressed(await main.aget('binary'))).toBe('value to be compressed')
    })

    it('13. gives compressed bytes back by the byte, after add', async () => {
      const { main } = open()
      expect(await main.aadd('binary', await compressed('value to be compressed'))).toBe(true)
      expect(await decompressed(await main.aget('binary'))).toBe('value to be compressed')
    })

    it('14. gives compressed bytes back by the byte, after setMany', async () => {
      const { main } = open()
      await main.asetMany({ binary: await compressed('value to be compressed') })
      expect(await decompressed(await main.aget('binary'))).toBe('value to be compressed')
    })

    it('15. runs no code of the value when it is read', async () => {
      const { main } = open()
      let computed = 0
      const value = {
        get answer() {
          computed += 1
          return 42
        },
      }
      await main.aset('lazy', value)
      const whenSet = computed
      const [read, many] = [await main.aget<typeof value>('lazy'), await main.agetMany(['lazy'])]
      await main.ahasKey('lazy')
      await main.atouch('lazy')
      expect(computed).toBe(whenSet)
      expect(many.size).toBe(1)
      expect(read?.answer).toBe(42)
    })

    it('16. refuses to set what cannot be stored, and keeps the old value', async () => {
      const { main } = open()
      await main.aset('key', 'old')
      await expect(main.aset('key', () => 1)).rejects.toMatchObject({ code: 'INVALID_VALUE', key: 'key' })
      expect(await main.aget('key')).toBe('old')
    })

    it('17. refuses to add what cannot be stored, and stores nothing', async () => {
      const { main } = open()
      await expect(main.aadd('key', Symbol('s'))).rejects.toMatchObject({ code: 'INVALID_VALUE', key: 'key' })
      expect(await main.ahasKey('key')).toBe(false)
    })

    it.runIf(copies)('18. lets the code of a value use the cache while the value is stored', async () => {
      const { main } = open()
      const inner: Promise<unknown>[] = []
      const value = {
        get self() {
          inner.push(main.aset('other', 'inner'), main.aset('key', 'overtaken'))
          return 'outer'
        },
      }
      await main.aset('key', value)
      await Promise.all(inner)
      expect(await main.aget('other')).toBe('inner')
      expect(['outer', 'overtaken']).toContain(
        await main.aget<{ self: string }>('key').then((found) => found?.self ?? found),
      )
      expect(await main.aadd('added', value)).toBe(true)
      await Promise.all(inner)
    })

    it.runIf(copies)('19. keeps a value as it was set, whatever becomes of the object', async () => {
      const { main } = open()
      const original = { tags: ['a'], at: new Date(0), more: new Map([['k', { n: 1 }]]) }
      await main.aset('key', original)
      await main.aadd('added', original)
      await main.asetMany({ many: original })
      original.tags.push('b')
      original.at.setTime(1)
      original.more.clear()
      const asItWas = { tags: ['a'], at: new Date(0), more: new Map([['k', { n: 1 }]]) }
      for (const key of ['key', 'added', 'many']) expect(await main.aget(key)).toEqual(asItWas)
    })

    it.runIf(copies)('19. gives each reader a value of its own', async () => {
      const { main } = open()
      await main.aset('key', { tags: ['a'] })
      const spoilt = await main.aget<{ tags: string[] }>('key')
      spoilt?.tags.push('b')
      const spoiltToo = (await main.agetMany<{ tags: string[] }>(['key'])).get('key')
      spoiltToo?.tags.push('c')
      expect(spoiltToo?.tags).toEqual(['a', 'c'])
      expect(await main.aget('key')).toEqual({ tags: ['a'] })
    })

    it('20. returns nothing from set', async () => {
      expect(await open().main.aset('key', 'value')).toBeUndefined()
    })
  })
}

async function compressed(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

async function decompressed(bytes: unknown): Promise<string> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
  return new Response(stream.pipeThrough(new DecompressionStream('gzip'))).text()
}

import { describe, expect, it } from 'vitest'
import type { CacheWarning } from '../../core/keys.ts'
import type { TestedCache } from '../sync-twins.ts'
import type { Context, Setup } from './context.ts'

/** The ten methods whose keys Django checks. */
const operations: readonly {
  readonly name: string
  readonly run: (cache: TestedCache, key: string) => Promise<unknown>
}[] = [
  { name: 'add', run: (cache, key) => cache.aadd(key, 1) },
  { name: 'get', run: (cache, key) => cache.aget(key) },
  { name: 'set', run: (cache, key) => cache.aset(key, 1) },
  { name: 'incr', run: (cache, key) => cache.aincr(key) },
  { name: 'decr', run: (cache, key) => cache.adecr(key) },
  { name: 'touch', run: (cache, key) => cache.atouch(key) },
  { name: 'delete', run: (cache, key) => cache.adelete(key) },
  { name: 'getMany', run: (cache, key) => cache.agetMany(['fine', key]) },
  { name: 'setMany', run: (cache, key) => cache.asetMany({ fine: 1, [key]: 2 }) },
  { name: 'deleteMany', run: (cache, key) => cache.adeleteMany(['fine', key]) },
]

const SPACED = 'key with spaces and 清'
/** With `:1:` in front, 251 characters. */
const LONG = `${'a'.repeat(247)}清`

/** Lines 124 to 133. */
export function keys({ open }: Context): void {
  describe('prefix, key function, key validation', () => {
    it('124. keeps prefixes apart', async () => {
      const { main, prefixed } = open()
      await main.aset('somekey', 'value')
      expect(await prefixed.ahasKey('somekey')).toBe(false)
      await prefixed.aset('somekey', 'value2')
      expect(await main.aget('somekey')).toBe('value')
      expect(await prefixed.aget('somekey')).toBe('value2')
    })

    it('124. keeps apart what runs together when joined by colons', async () => {
      const { cache } = open()
      const triples = [
        ['', 1, 'a'],
        ['', 1, '1:a'],
        ['', '1:1', 'a'],
        ['1', 1, 'a'],
        [':1', 1, 'a'],
        ['%3A1', 1, 'a'],
        ['a:1', 2, 'b'],
        ['a', '1:2', 'b'],
        ['a', 1, '2:b'],
      ] as const
      const caches = triples.map(([keyPrefix, version]) => cache({ keyPrefix, version }))
      for (const [index, [, , key]] of triples.entries())
        expect(await caches[index]?.aadd(key, index)).toBe(true)
      for (const [index, [, , key]] of triples.entries()) expect(await caches[index]?.aget(key)).toBe(index)
    })

    it('125. keeps key functions apart', async () => {
      const { main, custom, cache } = open()
      const reversing = cache({ keyFunction: (key, _prefix, version) => `${key}:${version}` })
      for (const [index, one] of [main, custom, reversing].entries()) {
        expect(await one.ahasKey('answer')).toBe(false)
        await one.aset('answer', index)
      }
      for (const [index, one] of [main, custom, reversing].entries())
        expect(await one.aget('answer')).toBe(index)
    })

    it('125. gives a key function the key, the prefix and the version', async () => {
      const asked: unknown[][] = []
      const cache = open().cache({
        keyPrefix: 'app',
        version: 7,
        keyFunction: (...args) => {
          asked.push(args)
          return args.join('|')
        },
      })
      await cache.aset('a', 1)
      await cache.aget('b', { version: 0 })
      expect(asked).toEqual([
        ['a', 'app', 7],
        ['b', 'app', 0],
      ])
    })

    it('126. shares the keys of caches with the same key function', async () => {
      const { cache } = open()
      const keyFunction = (key: string) => `same-${key}`
      const [one, other] = [cache({ keyFunction }), cache({ keyFunction })]
      await one.aset('answer', 42)
      expect(await other.aget('answer')).toBe(42)
    })

    it.each(operations)('127. warns of a space in the key, in $name', async ({ run }) => {
      const { cache, warnings } = await watched({}, SPACED)
      await run(cache, SPACED)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatchObject({ code: 'KEY_CHARACTERS', key: `:1:${SPACED}` })
      expect(warnings[0]?.message).toContain(SPACED)
    })

    it.each(operations)('128. warns of a key of 251 characters, in $name', async ({ run }) => {
      const { cache, warnings } = await watched({}, LONG)
      await run(cache, LONG)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatchObject({ code: 'KEY_LENGTH', key: `:1:${LONG}` })
      expect(warnings[0]?.message).toContain('250')
    })

    it('128. counts characters, not bytes or halves of characters', async () => {
      const { cache, warnings } = await watched()
      await cache.aset('清'.repeat(150), 1)
      await cache.aset(`${'a'.repeat(243)}🇬🇷🇬🇷`, 1)
      await cache.aset('', 1)
      await cache.aset('a\u00a0b', 1)
      expect(warnings).toEqual([])
    })

    it('128. tells of both faults of a key, and once of each', async () => {
      const { cache, warnings } = await watched()
      for (let times = 0; times < 3; times += 1) await cache.aset(` ${LONG}`, 1)
      expect(warnings.map(({ code }) => code).sort()).toEqual(['KEY_CHARACTERS', 'KEY_LENGTH'])
    })

    it('129. judges the key that the key function makes', async () => {
      const setup = { keyFunction: (key: string) => `f-${key}` }
      const { cache, warnings } = await watched(setup)
      await cache.aset('a'.repeat(248), 1)
      expect(warnings).toEqual([])
      await cache.aset('a'.repeat(249), 1)
      expect(warnings).toMatchObject([{ code: 'KEY_LENGTH', key: `f-${'a'.repeat(249)}` }])
      const { cache: strict } = await watched({ ...setup, keys: 'strict' })
      await expect(strict.aset('a'.repeat(249), 1)).rejects.toMatchObject({ code: 'INVALID_KEY' })
    })

    it.each(operations)('130. throws for a bad key where keys are strict, in $name', async ({ run }) => {
      const { main, cache } = open()
      const strict = cache({ keys: 'strict' })
      await main.asetMany({ fine: 'old', [SPACED]: 5, [LONG]: 5 })
      for (const key of [SPACED, LONG]) {
        await expect(run(strict, key)).rejects.toMatchObject({ code: 'INVALID_KEY', key })
        expect(await main.aget(key)).toBe(5)
      }
      // Nothing of a batch is stored either.
      expect(await main.aget('fine')).toBe('old')
    })

    it('131. throws for a key that its prefix and version make too long, where keys are strict', async () => {
      const strict = open().cache({ keys: 'strict' })
      await strict.aset('a'.repeat(247), 1)
      await expect(strict.aset('a'.repeat(248), 1)).rejects.toMatchObject({ code: 'INVALID_KEY' })
      await expect(strict.aset('a'.repeat(247), 1, { version: 10 })).rejects.toMatchObject({
        code: 'INVALID_KEY',
      })
    })

    it('132. takes keys as they are where validation is off', async () => {
      const { cache, warnings } = await watched({ keys: 'off' })
      const key = `a b ${'c'.repeat(296)}`
      await cache.aset(key, 'value')
      expect(await cache.aget(key)).toBe('value')
      expect(await cache.adelete(key)).toBe(true)
      expect(warnings).toEqual([])
    })

    it.each(operations)('133. warns while the caller is still on the stack, in $name', async ({ run }) => {
      const { cache, warnings } = await watched({}, SPACED)
      const call = run(cache, SPACED)
      expect(warnings).toHaveLength(1)
      await call
    })

    it('133. loses nothing of what who is warned writes beside it', async () => {
      const at = { version: 9 }
      let written: Promise<unknown> = Promise.resolve()
      const warned: TestedCache = open().cache({
        onWarning: () => {
          written = warned.aset('warned', true, at)
        },
      })
      await warned.aset('a b', 1, at)
      await written
      expect([...(await warned.agetMany(['a b', 'warned'], at))]).toEqual([
        ['a b', 1],
        ['warned', true],
      ])
    })

    it('133. loses nothing when who is warned fails', async () => {
      const { cache } = open()
      const warned = cache({
        onWarning: () => {
          throw new Error('nobody is there')
        },
      })
      const told: unknown[] = []
      const { error } = console
      console.error = (...args: unknown[]) => told.push(...args)
      try {
        await warned.aset('a b', 1)
        await warned.asetMany({ 'a b': 2, 'c d': 3 })
        expect([...(await warned.agetMany(['a b', 'c d']))]).toEqual([
          ['a b', 2],
          ['c d', 3],
        ])
      } finally {
        console.error = error
      }
      expect(told).toContainEqual(new Error('nobody is there'))
    })

    it('133. warns on the console, where nobody else listens', async () => {
      const { cache } = open()
      const spoken: unknown[] = []
      const { warn } = console
      console.warn = (...args: unknown[]) => spoken.push(...args)
      try {
        await cache({ onWarning: undefined }).aset('a b', 1)
      } finally {
        console.warn = warn
      }
      expect(spoken.join()).toContain(':1:a b')
    })
  })

  /** A cache whose store has a number under `key`, and the warnings it gives. */
  async function watched(setup: Setup = {}, key = 'fine') {
    const { main, cache } = open()
    await main.aset(key, 1)
    const warnings: CacheWarning[] = []
    return { cache: cache({ ...setup, onWarning: (warning) => warnings.push(warning) }), warnings }
  }
}

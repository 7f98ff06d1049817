import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCacheError } from './errors.ts'
import {
  type CacheWarning,
  defaultKeyFunction,
  Keyspace,
  type KeyspaceOptions,
  rangeEnd,
  withoutVersion,
} from './keys.ts'

function keyspace(options: Partial<KeyspaceOptions> = {}): Keyspace {
  return new Keyspace({
    keyPrefix: '',
    version: 1,
    keyFunction: defaultKeyFunction,
    keys: 'off',
    onWarning: () => {},
    maxKeyBytes: null,
    ...options,
  })
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.constantFrom(':', '%', '%3A', 'a', '1', '')).map((parts) => parts.join('')),
)
const version = fc.oneof(
  fc.integer(),
  text.filter((part) => part !== ''),
)

describe('defaultKeyFunction()', () => {
  it('builds Django’s final key', () => {
    expect(defaultKeyFunction('name', '', 1)).toBe(':1:name')
    expect(defaultKeyFunction('name', 'app', 2)).toBe('app:2:name')
    expect(defaultKeyFunction('a:b', 'app:x', 'v:1')).toBe('app%3Ax:v%3A1:a:b')
  })

  it('never builds the same final key from two different triples', () => {
    const triple = fc.tuple(text, text, version)
    fc.assert(
      fc.property(triple, triple, (one, other) => {
        const same = one[0] === other[0] && one[1] === other[1] && String(one[2]) === String(other[2])
        expect(defaultKeyFunction(...one) === defaultKeyFunction(...other)).toBe(same)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('Keyspace', () => {
  it('puts every key of a prefix into one scope, for every key function', () => {
    const custom = (key: string) => `hash-${key.length}`
    fc.assert(
      fc.property(text, text, text, version, (prefix, otherPrefix, key, at) => {
        for (const keyFunction of [defaultKeyFunction, custom]) {
          const here = keyspace({ keyPrefix: prefix, keyFunction })
          const storedKey = here.storedKey(key, at, 'aget')
          expect(storedKey.startsWith(here.scope)).toBe(true)
          const other = keyspace({ keyPrefix: otherPrefix }).scope
          if (prefix !== otherPrefix && other !== '') expect(storedKey.startsWith(other)).toBe(false)
        }
      }),
    )
  })

  it('keeps a custom key function’s keys apart from the default one’s', () => {
    const custom = keyspace({ keyPrefix: 'p', keyFunction: (key) => key })
    expect(custom.storedKey('1:a', undefined, 'aget')).not.toBe(
      keyspace({ keyPrefix: 'p' }).storedKey('a', 1, 'aget'),
    )
    expect(custom.storedKey('p:1:a', undefined, 'aget')).not.toBe(
      keyspace({ keyPrefix: 'p' }).storedKey('a', 1, 'aget'),
    )
  })

  it('warns once per key, and stops after too many warnings', () => {
    const warnings: CacheWarning[] = []
    const here = keyspace({ keys: 'warn', onWarning: (warning) => warnings.push(warning) })
    const faulty = Array.from({ length: 1_500 }, (_, index) => `key ${index}`)
    for (let round = 0; round < 10; round += 1) {
      for (const key of faulty) here.storedKey(key, undefined, 'aget')
      faulty.reverse()
    }
    expect(warnings).toHaveLength(1_001)
    expect(new Set(warnings.map(({ key }) => key)).size).toBe(1_001)
    expect(warnings.slice(0, -1).every(({ code }) => code === 'KEY_CHARACTERS')).toBe(true)
    expect(warnings.at(-1)).toMatchObject({
      code: 'TOO_MANY_WARNINGS',
      key: ':1:key 1000',
      message: expect.stringContaining('gives no others'),
    })
  })

  it('still refuses every invalid key in strict mode', () => {
    const here = keyspace({ keys: 'strict' })
    for (let index = 0; index < 1_500; index += 1)
      expect(() => here.storedKey(`key ${index}`, undefined, 'aget')).toThrow(
        expect.objectContaining({ code: 'INVALID_KEY' }),
      )
  })

  it('warns once for each key and problem, of the final key', () => {
    const warnings: CacheWarning[] = []
    const here = keyspace({ keys: 'warn', onWarning: (warning) => warnings.push(warning) })
    const long = `a ${'é'.repeat(246)}`
    for (let call = 0; call < 3; call += 1) here.storedKey(long, 1, 'aget')
    expect(warnings.map(({ code }) => code)).toEqual(['KEY_CHARACTERS', 'KEY_LENGTH'])
    expect(warnings[0]?.key).toBe(`:1:${long}`)
    here.storedKey('x'.repeat(247), 1, 'aget')
    here.storedKey('日'.repeat(200), 1, 'aget')
    here.storedKey('🇬'.repeat(200), 1, 'aget')
    here.storedKey('\u00a0', 1, 'aget')
    here.storedKey('', 1, 'aget')
    expect(warnings).toHaveLength(2)
  })

  it('throws INVALID_KEY in strict mode, and for malformed text and too many bytes in any', () => {
    const code = (run: () => unknown): string => {
      try {
        run()
      } catch (error) {
        if (isCacheError(error)) return error.code
      }
      return 'nothing'
    }
    expect(code(() => keyspace({ keys: 'strict' }).storedKey('a b', 1, 'aget'))).toBe('INVALID_KEY')
    expect(code(() => keyspace({ keys: 'strict' }).storedKey('x'.repeat(248), 1, 'aget'))).toBe('INVALID_KEY')
    expect(code(() => keyspace().storedKey('\ud800', 1, 'aget'))).toBe('INVALID_KEY')
    expect(code(() => keyspace({ maxKeyBytes: 8 }).storedKey('日日', 1, 'aget'))).toBe('INVALID_KEY')
    expect(code(() => keyspace({ maxKeyBytes: 9 }).storedKey('日日', 1, 'aget'))).toBe('nothing')
  })

  it('throws INVALID_KEY for an invalid prefix or version, even if the key is safe', () => {
    const invalid = expect.objectContaining({ code: 'INVALID_KEY' })
    const heavy = keyspace({ keyPrefix: '日'.repeat(200), maxKeyBytes: 512 })
    expect(() => heavy.storedKey('a', undefined, 'aget')).toThrow(invalid)
    const malformed = keyspace({ version: '\ud800' })
    expect(() => malformed.storedKey('a', undefined, 'aget')).toThrow(invalid)
  })

  it('refuses a key function that returns no string', () => {
    expect(() => keyspace({ keyFunction: () => 7 as never }).storedKey('a', 1, 'aget')).toThrow(TypeError)
  })
})

describe('withoutVersion()', () => {
  it('is the same for all versions of a key, and different for different keys', () => {
    fc.assert(
      fc.property(text, text, version, version, (prefix, key, one, other) => {
        const here = keyspace({ keyPrefix: prefix })
        expect(withoutVersion(here.storedKey(key, one, 'aget'))).toBe(
          withoutVersion(here.storedKey(key, other, 'aget')),
        )
        expect(withoutVersion(here.storedKey(key, one, 'aget'))).not.toBe(
          withoutVersion(here.storedKey(`${key}x`, one, 'aget')),
        )
      }),
    )
  })
})

describe('rangeEnd()', () => {
  it('is the first string after all that start with the scope', () => {
    expect(rangeEnd('')).toBeUndefined()
    expect(rangeEnd('app:')).toBe('app;')
  })
})

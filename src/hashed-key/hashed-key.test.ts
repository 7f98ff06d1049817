import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { createCache } from '../core/create-cache.ts'
import { hashedKey } from './index.ts'

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.string({ maxLength: 20 }).map((text) => `#${text}`),
  fc.string({ minLength: 1, maxLength: 3 }).map((text) => text.repeat(200)),
)

describe('hashedKey()', () => {
  it('leaves short and simple keys as the default function makes them', () => {
    expect(hashedKey('user:1', 'app', 2)).toBe('app:2:user:1')
    expect(hashedKey('x'.repeat(247), '', 1)).toBe(`:1:${'x'.repeat(247)}`)
    expect(hashedKey('日本', '', 1)).toBe(':1:日本')
  })

  it('hashes what is long, has spaces or control characters, or looks like a hash', () => {
    for (const odd of [
      'x'.repeat(248),
      '日'.repeat(83),
      'a b',
      'a\u0000b',
      '#',
      hashedKey('a b', '', 1).slice(3),
    ]) {
      expect(hashedKey(odd, '', 1)).toMatch(/^:1:#[0-9a-f]{32}$/)
    }
  })

  it('keeps different keys apart, and within every cache’s limits', () => {
    fc.assert(
      fc.property(key, key, fc.string(), fc.integer(), (one, other, prefix, version) => {
        expect(hashedKey(one, prefix, version) === hashedKey(other, prefix, version)).toBe(one === other)
      }),
      { numRuns: 2_000 },
    )
  })

  it('makes a strict cache take any key, and clear only its own prefix', async () => {
    const adapter = memoryAdapter()
    const setup = { adapter, keyFunction: hashedKey, keys: 'strict' } as const
    const cache = createCache({ ...setup, keyPrefix: 'app' })
    const other = createCache({ ...setup, keyPrefix: 'app2' })
    const long = 'a long key '.repeat(1_000)
    await cache.aset(long, 1)
    await other.aset(long, 2)
    await cache.aset(`${long}!`, 3)
    expect(await cache.agetMany([long, `${long}!`])).toEqual(
      new Map([
        [long, 1],
        [`${long}!`, 3],
      ]),
    )
    await cache.aclear()
    expect(await cache.ahasKey(long)).toBe(false)
    expect(await other.aget(long)).toBe(2)
  })

  it('takes no malformed text, of which it would make the same key', async () => {
    const cache = createCache({ adapter: memoryAdapter(), keyFunction: hashedKey })
    const code = { code: 'INVALID_KEY' }
    await expect(cache.aset('a \ud800', 1)).rejects.toMatchObject(code)
    await expect(cache.aget('a \ud801')).rejects.toMatchObject(code)
  })
})

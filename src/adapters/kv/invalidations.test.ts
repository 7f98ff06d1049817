import { describe, expect, it } from 'vitest'
import { ALL_TAGS, Invalidations, parseName, scopeName, tagName } from './invalidations.ts'

const tagged = (tags: readonly string[], expiresAt: number | null = null) => ({
  value: 1,
  expiresAt,
  metadata: { storedAt: 0, staleIfErrorMs: 100, tags },
})

describe('the names of invalidations', () => {
  it.each(['', 'app:', '\u0000', '\u0001tag', '\u0002 5\u0002tag', '\u0003'])(
    'lead back to the scope %j',
    (scope) => {
      expect(parseName(scopeName(scope))).toEqual({ scope })
    },
  )

  it.each(['tag', 'a\u0002b', '\u0001', '\u00025\u0002'])('lead back to the tag %j', (tag) => {
    expect(parseName(tagName(tag, 'delete', 5))).toEqual({ tag })
    for (const at of [5, -5, 1.5, 1_800_000_000_000])
      expect(parseName(tagName(tag, 'expire', at))).toEqual({ tag, expiredAt: at })
  })
})

describe('Invalidations', () => {
  it('removes entries of a deleted tag that were stored before', () => {
    const known = new Invalidations()
    known.set(tagName('a', 'delete', 0), 10)
    const entry = tagged(['b', 'a'])
    expect(known.remainder(entry, 9)).toBeUndefined()
    expect(known.remainder(entry, 10)).toBe(entry)
    expect(known.remainder(tagged(['b']), 9)).toEqual(tagged(['b']))
    known.delete(tagName('a', 'delete', 0))
    expect(known.remainder(entry, 9)).toBe(entry)
    expect(known.all.size).toBe(0)
  })

  it('ends the freshness of entries at the first time that concerns them', () => {
    const known = new Invalidations()
    known.set(tagName('a', 'expire', 50), 10)
    known.set(tagName('a', 'expire', 80), 20)
    known.set(tagName('b', 'expire', 60), 15)
    expect(known.remainder(tagged(['a']), 5)).toEqual(tagged(['a'], 50))
    expect(known.remainder(tagged(['a', 'b']), 12)).toEqual(tagged(['a', 'b'], 60))
    expect(known.remainder(tagged(['a'], 30), 5)).toEqual(tagged(['a'], 30))
    expect(known.remainder(tagged(['a']), 20)).toEqual(tagged(['a']))
    known.delete(tagName('a', 'expire', 50))
    expect(known.remainder(tagged(['a']), 5)).toEqual(tagged(['a'], 80))
  })

  it('removes all entries with tags, where it has forgotten which', () => {
    const known = new Invalidations()
    known.set(ALL_TAGS, 10)
    expect(known.remainder(tagged(['a']), 9)).toBeUndefined()
    expect(known.remainder({ value: 1, expiresAt: null }, 9)).toEqual({ value: 1, expiresAt: null })
    expect(known.remainder(tagged(['a']), 10)).toEqual(tagged(['a']))
  })

  it('keeps scopes and tags apart', () => {
    const known = new Invalidations()
    known.set(scopeName('\u0001a'), 10)
    expect(known.remainder(tagged(['a']), 5)).toEqual(tagged(['a']))
    expect(known.isCleared('\u0001a:1:key', 5)).toBe(true)
    known.set(tagName('app:1:', 'delete', 0), 20)
    expect(known.isCleared('app:1:key', 5)).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { storableValues } from '../testing/values.ts'
import { estimateBytes } from './bytes.ts'
import { createCache } from './create-cache.ts'

describe('estimateBytes()', () => {
  it.each(storableValues)('gives a number of bytes for $name', ({ make }) => {
    expect(estimateBytes(make())).toBeGreaterThan(0)
  })

  it('grows with what is in a value', () => {
    expect(estimateBytes('x'.repeat(1_000))).toBeGreaterThan(1_000)
    expect(estimateBytes(new Uint8Array(5_000))).toBeGreaterThan(5_000)
    expect(estimateBytes([[new Map([['k', new Uint8Array(5_000)]])]])).toBeGreaterThan(5_000)
  })

  it('counts once what is shared', () => {
    const shared = new Uint8Array(5_000)
    expect(estimateBytes([shared, shared])).toBeLessThan(10_000)
  })
})

describe('memoryAdapter({ maxBytes })', () => {
  it.each([0, 1, 3])('keeps what is written, whatever goes for it: cullFrequency %d', (cullFrequency) => {
    const cache = createCache({ adapter: memoryAdapter({ maxBytes: 300, cullFrequency }) })
    for (const key of ['a', 'b', 'c', 'd']) {
      cache.set(key, 'x'.repeat(60))
      expect(cache.hasKey(key)).toBe(true)
      cache.set(key, 'y'.repeat(70))
      expect(cache.get(key)).toBe('y'.repeat(70))
    }
  })

  const kilobyte = () => new Uint8Array(1_000)

  it('keeps the most recently used within the limit', () => {
    const cache = createCache({ adapter: memoryAdapter({ maxBytes: 10_000 }) })
    for (let index = 0; index < 100; index += 1) {
      cache.set(`${index}`, kilobyte())
      cache.get('0')
      expect(cache.hasKey(`${index}`)).toBe(true)
    }
    const kept = Array.from({ length: 100 }, (_, index) => `${index}`).filter((key) => cache.hasKey(key))
    expect(kept.length).toBeLessThanOrEqual(9)
    expect(kept.length).toBeGreaterThanOrEqual(5)
    expect(kept[0]).toBe('0')
    expect(kept.at(-1)).toBe('99')
  })

  it('weighs what was overwritten, deleted or cleared no longer', () => {
    const cache = createCache({ adapter: memoryAdapter({ maxBytes: 3_000 }) })
    for (let round = 0; round < 50; round += 1) {
      cache.set('a', kilobyte())
      cache.set('b', kilobyte())
      expect(cache.getMany(['a', 'b']).size).toBe(2)
      if (round % 3 === 0) cache.delete('a')
      if (round % 7 === 0) cache.clear()
    }
  })

  it('keeps no entry that is larger than the limit, nor what it replaced, and drops nothing for it', () => {
    const cache = createCache({ adapter: memoryAdapter({ maxBytes: 3_000 }) })
    cache.set('small', 1)
    cache.set('large', new Uint8Array(5_000))
    cache.set('small too', 1)
    cache.set('small too', new Uint8Array(5_000))
    expect(['small', 'large', 'small too'].map((key) => cache.hasKey(key))).toEqual([true, false, false])
    cache.set('after', kilobyte())
    expect(cache.getMany(['small', 'after']).size).toBe(2)
  })

  it('refuses values that are neither copied nor shared', () => {
    expect(() => memoryAdapter({ values: 'share' as never })).toThrow('for values: got "share"')
  })

  it('refuses limits that are none', () => {
    expect(() => memoryAdapter({ maxBytes: 0.5 })).toThrow(RangeError)
    expect(() => memoryAdapter({ maxBytes: 0 })).toThrow(RangeError)
    expect(() => memoryAdapter({ maxEntries: Number.NaN })).toThrow(RangeError)
    expect(() => memoryAdapter({ cullFrequency: -1 })).toThrow(RangeError)
  })
})

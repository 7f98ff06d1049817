import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkLimits, share } from './culling.ts'

describe('share()', () => {
  it('evicts at least one entry and at most all, for every frequency', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.nat(20_000), (size, cullFrequency) => {
        const dropped = share(size, cullFrequency)
        expect(dropped).toBeGreaterThanOrEqual(1)
        expect(dropped).toBeLessThanOrEqual(size)
      }),
    )
    expect(share(0, 3)).toBe(0)
  })

  it('rounds down as Django does if the result is not 0', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        (size, frequency) => {
          fc.pre(size >= frequency)
          expect(share(size, frequency)).toBe(Math.floor(size / frequency))
        },
      ),
    )
  })
})

describe('checkLimits()', () => {
  const limits = { maxEntries: 1, maxBytes: 1, cullFrequency: 0 }

  it('accepts valid limits, and null', () => {
    expect(checkLimits(limits)).toBe(limits)
    checkLimits({ ...limits, maxEntries: null, maxBytes: null })
  })

  it.each([
    { maxEntries: 0 },
    { maxEntries: -5 },
    { maxEntries: 1.5 },
    { maxEntries: Number.POSITIVE_INFINITY },
    { maxBytes: 0 },
    { maxBytes: -1 },
    { maxBytes: Number.NaN },
    { cullFrequency: -1 },
    { cullFrequency: 0.5 },
    { cullFrequency: null as never },
    { maxBytes: '5' as never },
  ])('refuses %j, by name', (wrong) => {
    expect(() => checkLimits({ ...limits, ...wrong })).toThrow(
      new RegExp(`^${Object.keys(wrong)[0]} must be an integer of [01] or more`),
    )
  })
})

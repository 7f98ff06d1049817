import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { checkTimeout, expiresAt } from './expiry.ts'

const NOW = 1_800_000_000_000

describe('expiresAt()', () => {
  it('counts seconds from now, fractions included', () => {
    expect(expiresAt(1, 300, NOW)).toBe(NOW + 1_000)
    expect(expiresAt(100.2, 300, NOW)).toBe(NOW + 100_200)
    expect(expiresAt(30 * 86_400 + 1, 300, NOW)).toBe(NOW + 2_592_001_000)
  })

  it('is refused at module scope of a Worker, where the time is 0, and nowhere else', () => {
    expect(expiresAt(1, 300, 0)).toBe(1_000)
    vi.stubGlobal('WebSocketPair', class {})
    // A user's clock may start at 0.
    expect(expiresAt(1, 300, 0)).toBe(1_000)
    const clock = vi.spyOn(Date, 'now').mockReturnValue(0)
    for (const timeout of [1, undefined, 0, -1]) expect(() => expiresAt(timeout, 300, 0)).toThrow(TypeError)
    expect(expiresAt(null, 300, 0)).toBeNull()
    clock.mockRestore()
    vi.unstubAllGlobals()
  })

  it('uses the default if left out, and never expires for null', () => {
    expect(expiresAt(undefined, 300, NOW)).toBe(NOW + 300_000)
    expect(expiresAt(undefined, null, NOW)).toBeNull()
    expect(expiresAt(null, 300, NOW)).toBeNull()
  })

  it('is now for 0 or less, and later for more', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (seconds) => {
        const deadline = expiresAt(seconds, 300, NOW) as number
        expect(deadline > NOW).toBe(seconds > 0)
        expect(Number.isInteger(deadline)).toBe(true)
      }),
    )
  })
})

describe('checkTimeout()', () => {
  it('accepts numbers, null and undefined', () => {
    for (const timeout of [0, -1, 0.5, 1e12, -Infinity, null, undefined])
      expect(() => checkTimeout(timeout, 'aset')).not.toThrow()
  })

  it('refuses anything else, and names its type', () => {
    expect(() => checkTimeout(Number.NaN, 'aset')).toThrow(RangeError)
    expect(() => checkTimeout(Number.POSITIVE_INFINITY, 'aset')).toThrow(/null for never/)
    expect(() => checkTimeout('60', 'aset')).toThrow(/got string/)
    expect(() => checkTimeout(new Date(), 'aset')).toThrow(/got Date/)
    expect(() => checkTimeout(60n, 'aset')).toThrow(TypeError)
  })
})

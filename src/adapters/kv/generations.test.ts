import { expect, it } from 'vitest'
import { clearedAt } from './generations.ts'

it.each([1, 1_000])(
  'the last clear of a key is that of its scope, or of all, among those of %d others',
  (others) => {
    const clears = new Map(Array.from({ length: others }, (_, index) => [`tenant-${index}:`, 1 + index]))
    const last = (key: string) => clearedAt(clears, key)
    expect(last('tenant-0:1:key')).toBe(1)
    expect(last('tenant-:1:key')).toBe(0)
    expect(last('tenant-0')).toBe(0)
    clears.set('', 500)
    expect(last('tenant-0:1:key')).toBe(500)
    expect(last('other:1:key')).toBe(500)
    clears.set('tenant-0:', 501)
    expect(last('tenant-0:1:key')).toBe(501)
  },
)

import { expect, it } from 'vitest'
import { fromStored, type StoredValue, withCauses } from './causes.ts'

/** What a browser reads back that makes text of causes, and two of an error that is met twice. */
function readBack(stored: StoredValue): StoredValue {
  const clone = (part: unknown): unknown => {
    if (part instanceof Error) {
      const error = structuredClone(part)
      if (Object.hasOwn(part, 'cause')) error.cause = String(part.cause)
      return error
    }
    if (Array.isArray(part)) return part.map(clone)
    if (part instanceof Map) return new Map([...part].map(([key, value]) => [clone(key), clone(value)]))
    if (part instanceof Set) return new Set([...part].map(clone))
    if (typeof part !== 'object' || part === null || part instanceof Date) return part
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, clone(value)]))
  }
  return clone(stored) as StoredValue
}

it('gives errors their causes back, wherever they are and however deep', () => {
  const root = new TypeError('root')
  const middle = new Error('middle', { cause: root })
  const top = new RangeError('top', { cause: middle })
  const value = {
    top,
    list: [middle, root, new Map([[new Error('key', { cause: { deep: new Set([top]) } }), 1]])],
    at: new Date(5),
  }
  const read = readBack(withCauses(value))
  expect((read.value as typeof value).top.cause).toBe('Error: middle')
  const restored = fromStored(read) as typeof value
  expect(restored).toEqual(value)
  expect((restored.top.cause as Error).cause).toBeInstanceOf(TypeError)
})

it('keeps a cause that is undefined, and an error that has none', () => {
  const value = [new Error('with', { cause: undefined }), new Error('without')]
  const [first, second] = fromStored(readBack(withCauses(value))) as Error[]
  expect(Object.getOwnPropertyDescriptor(first, 'cause')).toMatchObject({ value: undefined })
  expect(Object.hasOwn(second as Error, 'cause')).toBe(false)
})

it('stores nothing beside what has no causes, cycles included', () => {
  const value: Record<string, unknown> = { at: new Date(0), bytes: new Uint8Array(3), error: new Error('x') }
  value['self'] = value
  expect(withCauses(value)).toEqual({ value })
})

it.each([
  ['an array', (parts: unknown[]) => parts],
  ['a Map', (parts: unknown[]) => new Map(parts.entries())],
  ['a Set', (parts: unknown[]) => new Set(parts)],
])('takes %s of any length', (_, made) => {
  const error = new Error('last', { cause: 'why' })
  const parts: unknown[] = Array.from({ length: 500_000 }, (_, index) => index)
  expect(withCauses(made([...parts, error])).causes).toEqual([{ value: 'why' }])
})

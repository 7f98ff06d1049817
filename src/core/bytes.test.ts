import { describe, expect, it } from 'vitest'
import { byteLimit, memoryAdapter } from '../adapters/memory/index.ts'
import { storableValues } from '../testing/values.ts'
import { estimateBytes } from './bytes.ts'
import { createCache } from './create-cache.ts'
import { snapshot } from './snapshot.ts'

const text = (length: number) => 'x'.repeat(length)
const names = (count: number, name: (index: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), index]))

/**
 * The bytes that one of many copies of each value takes in Node 26 (V8, 64 bits, no pointer compression):
 * heap and buffers after a full collection of 200 to 3,000 copies. Two cases are left out: objects with a few
 * short names that no other object has (about 140 bytes a name), and objects that share more than 100 names
 * (about 10 bytes a name). Nothing distinguishes them from objects that cost less or more.
 */
const MEASURED: [name: string, bytes: number, make: () => unknown][] = [
  ['an empty object', 68, () => ({})],
  ['a record of a number and a text', 115, () => ({ id: 0.5, name: 'record 17' })],
  ['a record of 6 integers', 73, () => names(6, (index) => 'abcdef'[index] as string)],
  ['a record of 6 fractions', 169, () => ({ a: 0.1, b: 0.2, c: 0.3, d: 0.4, e: 0.5, f: 0.6 })],
  ['a record of 20 integers', 219, () => names(20, (index) => `name${index}`)],
  ['a record of 40 integers in another', 420, () => ({ a: names(40, (index) => `name${index}`) })],
  ['a name of 100,000 characters', 100_275, () => ({ [text(100_000)]: 1 })],
  ['a name of 100,000 characters inside', 100_355, () => ({ a: { [text(100_000)]: 1 } })],
  ['a name of 36 characters', 300, () => ({ [text(36)]: 1 })],
  ['a dictionary of 1,000 names', 144_678, () => names(1_000, (index) => `k${index}-17`)],
  ['a RegExp', 223, () => /a+17/g],
  ['a RegExp of 100,000 characters', 100_160, () => new RegExp(text(100_000))],
  ['an Error with a cause of 100,000 characters', 100_698, () => new Error('m', { cause: text(100_000) })],
  ['an Error with a message of 100,000 characters', 101_000, () => withoutStack(new Error(text(100_000)))],
  ['a Date', 99, () => new Date(5)],
  ['a small bigint in an object', 56, () => ({ a: 17n })],
  ['a bigint of 1,000 digits', 432, () => 10n ** 1_000n],
  ['an empty Map', 187, () => new Map()],
  [
    'a Map of 3',
    179,
    () =>
      new Map([
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
  ],
  ['a Map of 1,000', 28_774, () => new Map(Array.from({ length: 1_000 }, (_, index) => [index, index]))],
  ['an empty Set', 165, () => new Set()],
  ['a Set of 1,000', 20_555, () => new Set(Array.from({ length: 1_000 }, (_, index) => index))],
  ['a Set of 1,000 texts', 44_554, () => new Set(Array.from({ length: 1_000 }, (_, index) => `17 ${index}`))],
  ['an empty array', 34, () => []],
  ['an array of 3', 73, () => [1, 2, 3]],
  ['100 arrays in one another', 5_601, () => Array.from({ length: 100 }).reduce((inner) => [inner], 1)],
  ['an array of 1,000 integers', 10_361, () => Array.from({ length: 1_000 }, (_, index) => index)],
  ['an array of 1,000 fractions', 10_360, () => Array.from({ length: 1_000 }, () => 0.5)],
  [
    'an array of 1,000 records',
    113_575,
    () => Array.from({ length: 1_000 }, (_, id) => ({ id, name: `record ${id}` })),
  ],
  ['an element at 8,123,456', 389, () => Object.assign([], { 8123456: 1 })],
  [
    '1,000 elements far from each other',
    49_232,
    () =>
      Object.assign(
        [],
        names(1_000, (index) => `${index * 5_001}`),
      ),
  ],
  ['an array of 1,000, half of them holes', 8_048, () => halfHoles()],
  ['no bytes', 204, () => new Uint8Array()],
  ['10 bytes', 210, () => new Uint8Array(10)],
  ['10,000 bytes', 10_200, () => new Uint8Array(10_000)],
  ['10 bytes of 100,000', 210, () => new Uint8Array(100_000).subarray(5, 15)],
  ['a DataView of 10 bytes', 196, () => new DataView(new ArrayBuffer(10))],
  ['an ArrayBuffer of 10 bytes', 106, () => new ArrayBuffer(10)],
  ['100 floats', 1_003, () => new Float64Array(100)],
  ['a text of 10', 33, () => 'text 12345'],
  ['a text of 100,000', 100_024, () => text(100_000)],
  ['a text of 1,000 beyond U+00FF', 2_025, () => '日'.repeat(1_000)],
]

function halfHoles(): unknown[] {
  const array: unknown[] = Array.from({ length: 1_000 }, () => 1)
  for (let index = 0; index < 1_000; index += 2) delete array[index]
  return array
}

function withoutStack(error: Error): Error {
  error.stack = ''
  return error
}

describe('estimateBytes()', () => {
  it.each(storableValues)('returns a number of bytes for $name', ({ make }) => {
    expect(estimateBytes(make())).toBeGreaterThan(0)
  })

  it('grows with the contents of a value', () => {
    expect(estimateBytes('x'.repeat(1_000))).toBeGreaterThan(1_000)
    expect(estimateBytes(new Uint8Array(5_000))).toBeGreaterThan(5_000)
    expect(estimateBytes([[new Map([['k', new Uint8Array(5_000)]])]])).toBeGreaterThan(5_000)
  })

  it.each(MEASURED)('estimates %s within a factor of 2 of what V8 takes: %d bytes', (_, measured, make) => {
    const estimate = estimateBytes(snapshot(make(), 'k', 'aset'))
    expect(estimate).toBeGreaterThan(measured / 2)
    expect(estimate).toBeLessThan(measured * 2)
    expect(estimateBytes(make(), undefined, true)).toBeGreaterThan(measured / 2)
  })

  it('counts one byte a character up to U+00FF, two if any character is beyond', () => {
    const latin = estimateBytes('é'.repeat(1_000))
    expect(estimateBytes('x'.repeat(1_000))).toBe(latin)
    expect(estimateBytes('x'.repeat(2_000))).toBe(latin + 1_000)
    expect(estimateBytes(`${'x'.repeat(999)}\u0100`)).toBe(latin + 1_000)
    expect(estimateBytes('ÿ'.repeat(1_000))).toBe(latin)
  })

  it('stops at the given limit', () => {
    let reads = 0
    const count = (target: object) => {
      reads += 1
      return Reflect.ownKeys(target)
    }
    const list = Array.from({ length: 1_000 }, () => ({ text: text(1_000) }))
    const parts = list.map((part) => new Proxy(part, { ownKeys: count }))
    expect(estimateBytes(parts, 20_000, true)).toBeGreaterThan(20_000)
    expect(reads).toBeLessThan(100)
  })

  it('counts a shared object once', () => {
    const shared = new Uint8Array(5_000)
    expect(estimateBytes([shared, shared])).toBeLessThan(10_000)
  })
})

describe('memoryAdapter({ byteLimit })', () => {
  it.each([0, 1, 3])('keeps the written entry and evicts others: cullFrequency %d', (cullFrequency) => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(300), cullFrequency }) })
    for (const key of ['a', 'b', 'c', 'd']) {
      cache.set(key, 'x'.repeat(60))
      expect(cache.hasKey(key)).toBe(true)
      cache.set(key, 'y'.repeat(70))
      expect(cache.get(key)).toBe('y'.repeat(70))
    }
  })

  const kilobyte = () => new Uint8Array(1_000)

  it('keeps the most recently used within the limit', () => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(10_000) }) })
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

  it('does not count what was overwritten, deleted or cleared', () => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(3_000) }) })
    for (let round = 0; round < 50; round += 1) {
      cache.set('a', kilobyte())
      cache.set('b', kilobyte())
      expect(cache.getMany(['a', 'b']).size).toBe(2)
      if (round % 3 === 0) cache.delete('a')
      if (round % 7 === 0) cache.clear()
    }
  })

  it('refuses an entry larger than the limit, removes the old one, and evicts nothing', () => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(3_000) }) })
    cache.set('small', 1)
    expect(() => cache.set('large', new Uint8Array(5_000))).toThrow('larger than the adapter can store')
    cache.set('small too', 1)
    expect(() => cache.set('small too', new Uint8Array(5_000))).toThrow('larger than the adapter can store')
    expect(['small', 'large', 'small too'].map((key) => cache.hasKey(key))).toEqual([true, false, false])
    cache.set('after', kilobyte())
    expect(cache.getMany(['small', 'after']).size).toBe(2)
  })

  const heavy: [string, (index: number) => unknown][] = [
    ['names', (index) => ({ [`${index}${text(100_000)}`]: 1 })],
    ['names inside', (index) => [{ a: { [`${index}${text(100_000)}`]: 1 } }]],
    ['sources of regular expressions', (index) => new RegExp(`${index}${text(100_000)}`)],
    ['causes of errors', (index) => new Error('m', { cause: { deep: `${index}${text(100_000)}` } })],
    ['messages of errors', (index) => [new TypeError(`${index}${text(100_000)}`)]],
    ['dictionaries', (index) => names(1_000, (name) => `${name}-${index}`)],
    ['keys of Maps', (index) => new Map([[`${index}${text(100_000)}`, 1]])],
    ['buffers', () => new DataView(new ArrayBuffer(100_000))],
    ['bigints', (index) => 2n ** 800_000n + BigInt(index)],
    [
      'elements far apart',
      (index) =>
        Object.assign(
          [],
          names(2_000, (name) => `${name * 5_001 + index}`),
        ),
    ],
  ]

  it.each(heavy)('counts the bytes of %s', (_, make) => {
    for (const values of ['copied', 'shared'] as const) {
      const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(1_000_000), values }) })
      const keys = Array.from({ length: 40 }, (_, index) => `${index}`)
      for (const key of keys) cache.set(key, make(Number(key)))
      const live = keys.filter((key) => cache.hasKey(key))
      expect(live.length).toBeLessThanOrEqual(10)
      expect(live.at(-1)).toBe('39')
    }
  })

  it('counts the whole buffer that a shared view keeps, once', () => {
    const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(10_000), values: 'shared' }) })
    expect(() => cache.set('part', new Uint8Array(20_000).subarray(0, 5))).toThrow('larger than the adapter')
    const buffer = new ArrayBuffer(6_000)
    cache.set('parts', [new Uint8Array(buffer, 0, 5), new DataView(buffer), buffer])
    expect(cache.hasKey('parts')).toBe(true)
  })

  it('refuses values that are neither copied nor shared', () => {
    expect(() => memoryAdapter({ values: 'share' as never })).toThrow('for values: got "share"')
  })

  it('refuses invalid limits', () => {
    expect(() => memoryAdapter({ byteLimit: byteLimit(0.5) })).toThrow(RangeError)
    expect(() => memoryAdapter({ byteLimit: byteLimit(0) })).toThrow(RangeError)
    expect(() => memoryAdapter({ maxEntries: Number.NaN })).toThrow(RangeError)
    expect(() => memoryAdapter({ cullFrequency: -1 })).toThrow(RangeError)
  })
})

/** A value that every adapter must return unchanged. */
export interface StorableValue {
  readonly name: string
  /** Creates a new value for each use, so that a value is never compared with itself. */
  readonly make: () => unknown
  /** Checks what equality does not cover. Returns the problem, or `undefined`. */
  readonly flaw?: (value: never) => string | undefined
}

/** The table of values that can be cached. Every adapter is tested with all of them. */
export const storableValues: readonly StorableValue[] = [
  { name: 'null', make: () => null },
  { name: 'true', make: () => true },
  { name: 'false', make: () => false },
  { name: 'zero', make: () => 0 },
  { name: 'minus zero', make: () => -0 },
  { name: 'an integer', make: () => 42 },
  { name: 'a negative integer', make: () => -7 },
  { name: 'the largest safe integer', make: () => Number.MAX_SAFE_INTEGER },
  { name: 'the smallest safe integer', make: () => Number.MIN_SAFE_INTEGER },
  { name: 'an integer beyond the safe ones', make: () => 2 ** 60 },
  { name: 'a fraction', make: () => 0.1 },
  { name: 'NaN', make: () => Number.NaN },
  { name: 'Infinity', make: () => Number.POSITIVE_INFINITY },
  { name: '-Infinity', make: () => Number.NEGATIVE_INFINITY },
  { name: 'an empty text', make: () => '' },
  { name: 'a text of digits', make: () => '123' },
  { name: 'a text that is JSON', make: () => '{"a":1}' },
  { name: 'a text with a NUL and a lone surrogate', make: () => 'a\u0000b\ud800c' },
  { name: 'text beyond ASCII', make: () => 'Ελλάδα 🇬🇷 日本' },
  { name: 'a large text', make: () => 'x'.repeat(200_000) },
  { name: 'a bigint', make: () => 123n },
  { name: 'a large bigint', make: () => -(2n ** 80n) },
  { name: 'an empty object', make: () => ({}) },
  { name: 'a nested object', make: () => ({ a: { b: { c: [1, 'two', null, { d: true }] } } }) },
  { name: 'undefined in a property', make: () => ({ a: undefined, b: 1 }) },
  { name: 'undefined in an array', make: () => [1, undefined, 3] },
  { name: 'special numbers inside', make: () => [Number.NaN, -0, Number.POSITIVE_INFINITY, 2 ** 60] },
  {
    name: 'an array with holes',
    make: () => {
      const array = [1, 2, 3]
      delete array[1]
      return array
    },
    flaw: (value: unknown[]) => (1 in value ? 'the hole was filled' : undefined),
  },
  {
    name: 'a huge sparse array',
    make: () => {
      const array: string[] = []
      array[4_000_000_000] = 'far'
      return array
    },
    flaw: (value: unknown[]) =>
      Object.keys(value ?? {}).length === 1 ? undefined : 'it is gone, or its holes were filled',
  },
  {
    name: 'one element far from the beginning of an array',
    make: () => {
      const array: number[] = []
      array[8_123_456] = 1
      return array
    },
    flaw: (value: unknown[]) =>
      value.length === 8_123_457 && value[8_123_456] === 1 && Object.keys(value).length === 1
        ? undefined
        : 'it is gone, or its holes were filled',
  },
  {
    name: 'an array of nothing but holes',
    make: () => new Array(3),
    flaw: (value: unknown[]) => (Object.keys(value).length === 0 ? undefined : 'a hole was filled'),
  },
  { name: 'a Date', make: () => new Date(1_700_000_000_123) },
  {
    name: 'an invalid Date',
    make: () => new Date(Number.NaN),
    flaw: (value: Date) => (Number.isNaN(value.getTime()) ? undefined : 'it became valid'),
  },
  { name: 'a RegExp', make: () => /a+(b)\/"/giu },
  {
    name: 'a Map',
    make: () =>
      new Map<unknown, unknown>([
        ['a', 1],
        [{ k: 1 }, [2]],
        [null, undefined],
      ]),
  },
  { name: 'a Set', make: () => new Set<unknown>([1, 'a', { b: 1 }, null]) },
  { name: 'an Error', make: () => new Error('it broke') },
  { name: 'a RangeError with a cause', make: () => new RangeError('too far', { cause: { limit: 3 } }) },
  { name: 'an Error caused by an Error', make: () => new TypeError('outer', { cause: new Error('inner') }) },
  { name: 'bytes', make: () => new Uint8Array([0, 1, 127, 128, 255]) },
  { name: 'no bytes', make: () => new Uint8Array() },
  { name: 'an ArrayBuffer', make: () => new Uint8Array([1, 2, 3]).buffer },
  { name: 'a part of a larger buffer', make: () => new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4) },
  { name: 'floats', make: () => new Float64Array([0.1, Number.NaN, -0]) },
  { name: 'big integers in an array', make: () => new BigInt64Array([1n, -(2n ** 60n)]) },
  { name: 'a DataView', make: () => new DataView(new Uint8Array([1, 2, 3]).buffer) },
  {
    name: 'bytes inside an object',
    make: () => ({ raw: new Uint8Array([1, 2]), more: [new ArrayBuffer(2)] }),
  },
  {
    name: 'own keys named __proto__ and constructor',
    make: () => JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":"text"}'),
    flaw: ownProtoFlaw,
  },
  {
    name: 'an own key named __proto__ beside rich values',
    make: () =>
      Object.assign(JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'), { at: new Date(0) }),
    flaw: ownProtoFlaw,
  },
  {
    name: 'a shared reference',
    make: () => {
      const shared = { n: 1 }
      return { a: shared, b: [shared] }
    },
    flaw: (value: { a: unknown; b: unknown[] }) =>
      value.a === value.b[0] ? undefined : 'it is two objects now',
  },
  {
    name: 'a cycle',
    make: () => {
      const node: Record<string, unknown> = { name: 'node' }
      node['self'] = node
      return node
    },
    flaw: (value: { self: unknown }) => (value.self === value ? undefined : 'the cycle was cut'),
  },
  {
    name: 'a cycle through a Map and a Set',
    make: () => {
      const map = new Map<string, unknown>()
      map.set('set', new Set([map]))
      return map
    },
    flaw: (value: Map<string, Set<unknown>>) =>
      value.get('set')?.has(value) ? undefined : 'the cycle was cut',
  },
  {
    name: '400 levels of nesting',
    make: () => {
      let nested: unknown = 'bottom'
      for (let level = 0; level < 400; level += 1) nested = level % 2 === 0 ? [nested] : { nested }
      return nested
    },
  },
  {
    name: 'a thousand records',
    make: () => Array.from({ length: 1_000 }, (_, id) => ({ id, name: `record ${id}` })),
  },
]

/** True if a value is too large to compare, or to print on failure. */
export function isVast(value: unknown): boolean {
  return Array.isArray(value) && value.length > 1_000_000
}

function ownProtoFlaw(value: object): string | undefined {
  if (!Object.hasOwn(value, '__proto__')) return 'the own key __proto__ is gone'
  if (Object.getPrototypeOf(value) !== Object.prototype) return 'the prototype was replaced'
  return 'polluted' in {} ? 'Object.prototype was polluted' : undefined
}

/** A value that cannot be cached, and the path to the problem. */
export interface RefusedValue {
  readonly name: string
  readonly make: () => unknown
  /** The path as the error message shows it; `''` for the value itself. */
  readonly path: string
}

class Point {
  readonly x = 1
}

/** Values that every adapter must refuse with `INVALID_VALUE`. */
export const refusedValues: readonly RefusedValue[] = [
  { name: 'undefined', make: () => undefined, path: '' },
  { name: 'a function', make: () => () => 1, path: '' },
  { name: 'a symbol', make: () => Symbol('s'), path: '' },
  { name: 'a class instance', make: () => new Point(), path: '' },
  { name: 'a class', make: () => Point, path: '' },
  { name: 'a promise', make: () => Promise.resolve(1), path: '' },
  { name: 'a WeakMap', make: () => new WeakMap(), path: '' },
  { name: 'a URL', make: () => new URL('https://example.org'), path: '' },
  { name: 'a boxed number', make: () => Object(1), path: '' },
  { name: 'a Map derived from Map', make: () => new (class extends Map {})(), path: '' },
  { name: 'an error of its own class', make: () => new (class HTTPError extends Error {})('x'), path: '' },
  {
    name: 'an error with a property of its own',
    make: () => Object.assign(new Error('x'), { status: 404 }),
    path: '',
  },
  { name: 'a function in an object', make: () => ({ a: { b: () => 1 } }), path: '["a"]["b"]' },
  { name: 'a symbol in an array', make: () => [1, [Symbol('s')]], path: '[1][0]' },
  { name: 'a class instance in a Map', make: () => new Map([['k', new Point()]]), path: '["value 0"]' },
  { name: 'a function in a Set', make: () => new Set([() => 1]), path: '["element 0"]' },
  {
    name: 'an error that causes itself',
    make: () => {
      const error = new Error('loop')
      error.cause = [error]
      return error
    },
    path: '["cause"][0]',
  },
  {
    name: '600 levels of nesting',
    make: () => {
      let nested: unknown = 'bottom'
      for (let level = 0; level < 600; level += 1) nested = [nested]
      return nested
    },
    path: '[0][0]',
  },
]

import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import { createCache } from './create-cache.ts'
import type { SyncCache } from './sync-cache.ts'

class Row {
  key = 1
}

const { runInNewContext } = await import('node:vm')

/** Invalid data for `asetMany`, and a part of the error message. */
const noData: readonly { readonly what: string; readonly make: () => unknown; readonly said: string }[] = [
  { what: 'a promise', make: () => Promise.resolve({ key: 1 }), said: 'got Promise; await it first' },
  {
    what: 'a promise-like object',
    make: () => Object.fromEntries([['then', () => {}]]),
    said: 'await it first',
  },
  { what: 'a promise of another realm', make: () => runInNewContext('Promise.resolve()'), said: 'await it' },
  { what: 'an async generator', make: asyncPairs, said: 'got AsyncGenerator; collect it first' },
  { what: 'a date', make: () => new Date(), said: 'got Date' },
  { what: 'an error', make: () => new Error('no'), said: 'got Error' },
  {
    what: 'an error with properties',
    make: () => Object.assign(new Error('no'), { key: 1 }),
    said: 'got Error',
  },
  { what: 'an instance of a class', make: () => new Row(), said: 'got Object' },
  { what: 'a class', make: () => Row, said: 'got function' },
  { what: 'an inheriting object', make: () => Object.create({ key: 1 }), said: 'got Object' },
  { what: 'a regular expression', make: () => /key/, said: 'got RegExp' },
  { what: 'a WeakMap', make: () => new WeakMap(), said: 'got WeakMap' },
  { what: 'a number object', make: () => Object(7), said: 'got Number' },
  { what: 'a text', make: () => 'key', said: 'got string' },
  { what: 'a text object', make: () => new String('ab'), said: 'got String' },
  { what: 'an empty text object', make: () => new String(''), said: 'got String' },
  { what: 'a buffer', make: () => new ArrayBuffer(2), said: 'got ArrayBuffer' },
  { what: 'a typed array', make: () => new Uint8Array(2), said: 'got Uint8Array' },
  { what: 'an empty typed array', make: () => new Uint8Array(), said: 'got Uint8Array' },
  { what: 'null', make: () => null, said: 'got null' },
  { what: 'undefined', make: () => undefined, said: 'got undefined' },
  { what: 'a number', make: () => 7, said: 'got number' },
  { what: 'a symbol', make: () => Symbol('s'), said: 'got symbol' },
]

const noPairs: readonly { readonly what: string; readonly make: () => unknown; readonly said: string }[] = [
  { what: 'a Set of texts', make: () => new Set(['ab']), said: 'but string' },
  { what: 'an array of texts', make: () => ['absent', 'key'], said: 'but string' },
  { what: 'an array of objects', make: () => [{ key: 'absent', value: 1 }], said: 'but Object' },
  { what: 'an array of numbers', make: () => [1, 2], said: 'but number' },
  {
    what: 'an array with an undefined one',
    make: () => [['absent', 1], undefined, ['key', 1]],
    said: 'but undefined',
  },
  { what: 'an array of promises', make: () => [Promise.resolve(['absent', 1])], said: 'but Promise' },
  { what: 'an array of keys alone', make: () => [['absent', 1], ['key']], said: 'but an array of 1' },
  { what: 'an array of triples', make: () => [['absent', 1, 60]], said: 'but an array of 3' },
  { what: 'an array of empty arrays', make: () => [[]], said: 'but an array of 0' },
  { what: 'a pair by itself', make: () => ['absent', 1], said: 'but string' },
  { what: 'a generator of texts', make: () => ['ab'].values(), said: 'but string' },
]

/** Invalid lists of keys, and a part of the error message. */
const noKeys: readonly { readonly what: string; readonly make: () => unknown; readonly said: string }[] = [
  ...noData.filter(({ what }) => what !== 'a text'),
  { what: 'a text', make: () => 'key', said: 'got string; for one key, ["key"]' },
  { what: 'a Map', make: () => new Map([['key', 1]]), said: 'got Map; pass its keys()' },
  { what: 'an empty Map', make: () => new Map(), said: 'got Map; pass its keys()' },
  { what: 'an object', make: () => ({ key: 1 }), said: 'got Object; pass its Object.keys()' },
  { what: 'an empty object', make: () => ({}), said: 'got Object; pass its Object.keys()' },
  { what: 'a function', make: () => () => ['key'], said: 'got function' },
]

/** The memory adapter without its sync methods. */
function distant(): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

async function* asyncPairs() {
  yield ['absent', 1]
}

async function stocked(adapter: Adapter): Promise<SyncCache> {
  const cache = createCache({ adapter }) as SyncCache
  await cache.aset('key', 'old')
  return cache
}

describe.each([
  ['on an async adapter', distant, ['asetMany', 'agetMany', 'adeleteMany']],
  ['in memory', memoryAdapter, ['asetMany', 'agetMany', 'adeleteMany']],
  ['in memory, at once', memoryAdapter, ['setMany', 'getMany', 'deleteMany']],
] as const)('data and lists of keys, %s', (_, at, [set, get, remove]) => {
  it.each([...noData, ...noPairs])(`${set} refuses $what, and stores nothing`, async ({ make, said }) => {
    const cache = await stocked(at())
    const call = async () => cache[set](make() as never)
    await expect(call()).rejects.toThrow(TypeError)
    const takes = `${set} takes an object, a Map or an iterable of [key, value] pairs: `
    await expect(call()).rejects.toThrow(takes)
    await expect(call()).rejects.toThrow(said)
    expect(await cache.agetMany(['key', 'absent', 'a', 'ab', '0'])).toEqual(new Map([['key', 'old']]))
  })

  it.each([
    { what: 'an object', make: () => ({ a: 1, b: 2 }) },
    { what: 'an object without a prototype', make: () => Object.assign(Object.create(null), { a: 1, b: 2 }) },
    { what: 'an object of another realm', make: () => runInNewContext('({ a: 1, b: 2 })') },
    {
      what: 'an object with a key named then',
      make: () =>
        Object.fromEntries([
          ['a', 1],
          ['b', 2],
          ['then', 3],
        ]),
    },
    { what: 'a Map', make: () => new Map(Object.entries({ a: 1, b: 2 })) },
    { what: 'a Map of another realm', make: () => runInNewContext('new Map([["a", 1], ["b", 2]])') },
    { what: 'an array of pairs', make: () => Object.entries({ a: 1, b: 2 }) },
    { what: 'a Set of pairs', make: () => new Set(Object.entries({ a: 1, b: 2 })) },
    { what: 'a generator of pairs', make: () => Object.entries({ a: 1, b: 2 }).values() },
    { what: 'an iterable of a class', make: () => new URLSearchParams('a=1&b=2') },
  ])(`${set} takes $what`, async ({ make }) => {
    const cache = await stocked(at())
    expect(await cache[set](make() as never)).toEqual([])
    const found = await cache.agetMany(['a', 'b'])
    expect([...found.keys(), ...[...found.values()].map(Number)]).toEqual(['a', 'b', 1, 2])
  })

  it.each(noKeys)(`${get} and ${remove} refuse $what, and remove nothing`, async ({ make, said }) => {
    const cache = await stocked(at())
    for (const method of [get, remove]) {
      const call = async () => cache[method](make() as never)
      await expect(call()).rejects.toThrow(TypeError)
      await expect(call()).rejects.toThrow(`${method} takes an iterable of keys, such as an array: `)
      await expect(call()).rejects.toThrow(said)
    }
    expect(await cache.aget('key')).toBe('old')
  })

  it.each([
    { what: 'an array', make: () => ['key', 'absent'] },
    { what: 'a Set', make: () => new Set(['key', 'absent']) },
    { what: 'the keys of a Map', make: () => new Map([['key', 1]]).keys() },
    { what: 'an array of another realm', make: () => runInNewContext('["key"]') },
  ])(`${get} and ${remove} take $what`, async ({ make }) => {
    const cache = await stocked(at())
    expect(await cache[get](make())).toEqual(new Map([['key', 'old']]))
    await cache[remove](make())
    expect(await cache.ahasKey('key')).toBe(false)
  })

  it('may be empty', async () => {
    const cache = await stocked(at())
    for (const none of [[], new Set(), new Map(), {}]) expect(await cache[set](none as never)).toEqual([])
    expect(await cache[get]([])).toEqual(new Map())
    await cache[remove]([])
    expect(await cache.aget('key')).toBe('old')
  })
})

describe('a default in place of options, as in Django', () => {
  it.each([0, null, '', false, 'light', 7, true])('is refused with advice: %j', async (fallback) => {
    for (const cache of [await stocked(distant()), await stocked(memoryAdapter())]) {
      for (const method of ['aget', 'apop'] as const) {
        const call =
          method === 'aget' ? cache.aget('key', fallback as never) : cache.apop('key', fallback as never)
        await expect(call).rejects.toThrow(TypeError)
        await expect(call).rejects.toThrow(
          new RegExp(`^${method} takes .*a default is given as { default: … }$`),
        )
      }
      await expect(cache.ahasKey('key', fallback as never)).rejects.toThrow(/^ahasKey takes a plain object/)
      expect(await cache.aget('key')).toBe('old')
    }
    const cache = await stocked(memoryAdapter())
    expect(() => cache.get('key', fallback as never)).toThrow(/^get takes .*a default is given as/)
    expect(() => cache.pop('key', fallback as never)).toThrow(/^pop takes .*a default is given as/)
  })
})

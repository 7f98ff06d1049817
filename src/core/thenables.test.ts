import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { nullAdapter } from '../adapters/null/index.ts'
import { createCache } from './create-cache.ts'

const THEN = 'then'

/** Objects that `await` would wait for, also through an object of another kind. */
const thenables: readonly (readonly [string, () => unknown])[] = [
  ['a promise', async () => 1],
  ['a promise of another realm', () => runInNewContext('Promise.resolve(1)')],
  ['a promise of a class of its own', () => new (class extends Promise<number> {})((resolve) => resolve(1))],
  ['an object with a then', () => ({ [THEN]: (resolve: (value: number) => void) => resolve(1) })],
  ['an object with an inherited then', () => Object.create({ [THEN]: (resolve: () => void) => resolve() })],
  ['an array with a then', () => Object.assign([1], { [THEN]: (resolve: () => void) => resolve() })],
  ['a function with a then', () => Object.assign(() => 1, { [THEN]: (resolve: () => void) => resolve() })],
]

const rejecting: readonly (readonly [string, () => unknown])[] = [
  ['a promise', async () => Promise.reject(new Error('unheard'))],
  ['a promise of another realm', () => runInNewContext('Promise.reject(new Error("unheard"))')],
  [
    'a thenable around one',
    () => {
      const failing = Promise.reject(new Error('unheard'))
      return { [THEN]: (...args: Parameters<typeof failing.then>) => failing.then(...args) }
    },
  ],
  [
    'a thenable that throws',
    () => ({
      [THEN]: () => {
        throw new Error('unheard')
      },
    }),
  ],
]

const places = [
  ['memory, shared values', () => memoryAdapter({ values: 'shared' })],
  ['memory', () => memoryAdapter()],
  ['null', () => nullAdapter()],
] as const

describe.each(places)('values that are promises, on %s', (place, create) => {
  // Only the elements of an array are copied: its `then` is left out, like all its other properties.
  const refused = thenables.filter(([what]) => place.includes('shared') || what !== 'an array with a then')

  it.each(refused)('are refused: %s', async (_, make) => {
    const cache = createCache({ adapter: create() })
    const invalid = expect.objectContaining({ code: 'INVALID_VALUE', key: 'key' })
    const writes = [
      () => cache.set('key', make()),
      () => cache.add('key', make()),
      () => cache.setMany({ other: 1, key: make() }),
    ]
    for (const write of writes) expect(write).toThrow(invalid)
    const promised = [
      () => cache.aset('key', make()),
      () => cache.aadd('key', make()),
      () => cache.asetMany([['key', make()]]),
    ]
    for (const write of promised) await expect(write()).rejects.toEqual(invalid)
    // A function with a `then` is called as a loader.
    const given = make()
    if (typeof given !== 'function') {
      await expect(cache.agetOrSet('key', given)).rejects.toEqual(invalid)
      expect(() => cache.getOrSet('key', given)).toThrow(TypeError)
    }
    expect(cache.hasKey('key')).toBe(false)
    expect(cache.hasKey('other')).toBe(false)
  })

  it.each(thenables)(
    'are awaited by agetOrSet, and refused by getOrSet, from a loader: %s',
    async (_, make) => {
      const cache = createCache({ adapter: create() })
      expect(() => cache.getOrSet('key', make)).toThrow(
        new TypeError('getOrSet cannot wait for a promise: use agetOrSet'),
      )
      expect(cache.hasKey('key')).toBe(false)
      const awaited = await make()
      expect(await cache.agetOrSet('key', () => make())).toEqual(awaited)
    },
  )

  it.each(rejecting)('leave no unhandled rejection if getOrSet refuses them: %s', async (_, make) => {
    const cache = createCache({ adapter: create() })
    const unhandled: unknown[] = []
    const note = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    try {
      expect(() => cache.getOrSet('key', make)).toThrow(TypeError)
      expect(() => cache.getOrSet('key', make())).toThrow(TypeError)
      // Node reports unhandled rejections after the microtasks.
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})

it('accepts objects whose then is not a method, and reports one that cannot be read', () => {
  const cache = createCache({ adapter: memoryAdapter({ values: 'shared' }) })
  const plain = { [THEN]: 'later' }
  cache.set('key', plain)
  expect(cache.get('key')).toBe(plain)
  expect(cache.getOrSet('other', () => null)).toBeNull()
  const broken = {
    get [THEN]() {
      throw new Error('not now')
    },
  }
  expect(() => cache.set('key', broken)).toThrow(
    expect.objectContaining({ code: 'INVALID_VALUE', key: 'key', cause: new Error('not now') }),
  )
})

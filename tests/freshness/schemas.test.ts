import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as z from 'zod'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { createCache } from '../../src/core/create-cache.ts'
import type { Schema } from '../../src/core/schema.ts'

const schemas: [string, Schema<{ name: string; age: number }>][] = [
  ['Zod', z.object({ name: z.string(), age: z.number() })],
  ['Valibot', v.object({ name: v.string(), age: v.number() })],
  ['ArkType', type({ name: 'string', age: 'number' })],
]
/** As an earlier version of the application stored it. */
const outdated = { name: 'Ada' }
const current = { name: 'Ada', age: 36 }

describe.each(schemas)('a schema of %s', (_, schema) => {
  const open = () => createCache({ adapter: memoryAdapter() })

  it('makes a stored value of an outdated shape a miss', async () => {
    const cache = open()
    cache.setMany({ old: outdated, new: current })
    for (const key of ['old', 'new']) {
      const expected = key === 'new' ? current : undefined
      expect(await cache.aget(key, { schema })).toEqual(expected)
      expect(cache.get(key, { schema })).toEqual(expected)
      expect((await cache.aentry(key, { schema }))?.value).toEqual(expected)
      expect(cache.entry(key, { schema })?.value).toEqual(expected)
    }
    const found = new Map([['new', current]])
    expect(await cache.agetMany(['old', 'new'], { schema })).toEqual(found)
    expect(cache.getMany(['old', 'new'], { schema })).toEqual(found)
    expect(cache.get('old', { schema, default: null })).toBeNull()
  })

  it('counts it as a miss', async () => {
    const cache = open()
    cache.setMany({ old: outdated, new: current })
    await cache.aget('old', { schema })
    await cache.agetMany(['old', 'new'], { schema })
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 2 })
  })

  it('makes agetOrSet and getOrSet load it again, and store it', async () => {
    const cache = open()
    cache.setMany({ one: outdated, other: outdated })
    expect(await cache.agetOrSet('one', async () => current, { schema })).toEqual(current)
    expect(cache.getOrSet('other', () => current, { schema })).toEqual(current)
    expect(cache.get('one')).toEqual(current)
    expect(cache.get('other')).toEqual(current)
  })

  it('refuses a loaded value that does not fit', async () => {
    const cache = open()
    await expect(cache.agetOrSet('k', async () => outdated, { schema })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    })
    expect(() => cache.getOrSet('k', () => outdated, { schema })).toThrow('does not fit the schema')
    expect(cache.hasKey('k')).toBe(false)
  })

  it('may belong to the cache', async () => {
    const adapter = memoryAdapter()
    createCache({ adapter }).set('k', outdated)
    const cache = createCache({ adapter, schema })
    expect(cache.get('k')).toBeUndefined()
    expect(await cache.aget('k')).toBeUndefined()
    expect(await cache.agetOrSet('k', () => current)).toEqual(current)
    expect(await cache.agetOrSet('k', () => outdated)).toEqual(current)
  })
})

it('gives the output of the schema, from a hit as from a load', async () => {
  const cache = createCache({ adapter: memoryAdapter() })
  const schema = z.object({ at: z.string().transform((text) => new Date(text)) })
  const load = async () => ({ at: '2026-01-01T00:00:00.000Z' })
  const expected = { at: new Date('2026-01-01') }
  const loaded = await cache.agetOrSet('k', load, { schema })
  expectTypeOf(loaded).toEqualTypeOf<{ at: Date }>()
  expect(loaded).toEqual(expected)
  expect(await cache.agetOrSet('k', load, { schema })).toEqual(expected)
  expect(cache.get('k')).toEqual(await load())
})

it('may be asynchronous, but not for sync methods', async () => {
  const cache = createCache({ adapter: memoryAdapter() })
  const schema = z.string().refine(async (text) => text === 'good')
  cache.setMany({ good: 'good', bad: 'bad' })
  expect(await cache.aget('good', { schema })).toBe('good')
  expect(await cache.aget('bad', { schema })).toBeUndefined()
  expect(await cache.agetMany(['good', 'bad'], { schema })).toEqual(new Map([['good', 'good']]))
  expect((await cache.aentry('good', { schema }))?.value).toBe('good')
  for (const read of [
    () => cache.get('good', { schema }),
    () => cache.getMany(['good'], { schema }),
    () => cache.entry('good', { schema }),
    () => cache.getOrSet('good', 'x', { schema }),
  ])
    expect(read).toThrow('cannot wait for an asynchronous schema')
})

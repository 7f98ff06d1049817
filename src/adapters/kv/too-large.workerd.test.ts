import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Adapter } from '../../core/adapter.ts'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { kvAdapter, kvOnlyAdapter } from './index.ts'

const { CACHE_KV: kv, CACHE_SHARDS: shards } = env

const TOO_LARGE = { code: 'VALUE_TOO_LARGE' }
const shared = 'x'.repeat(1_000_000)

describe.each<[string, (name: string) => Adapter, number]>([
  ['owners and KV', (name) => kvAdapter({ kv, shards, name }), 26_214_400],
  ['owners alone', (name) => kvAdapter({ shards, name }), 1_900_000],
  ['KV alone', (name) => kvOnlyAdapter({ kv, name }), 26_214_400],
])('a value that is too large for %s', (place, adapterOf, most) => {
  const open = (): AsyncCache => createCache({ adapter: adapterOf(crypto.randomUUID()) })
  const isAlone = place === 'KV alone'
  /** Each too large for another reason. */
  const values: [string, () => unknown][] = [
    ['a text', () => 'x'.repeat(most + 1)],
    ['a text of which only the JSON is', () => 'x'.repeat(most - 1)],
    ['a text of which only the bytes are', () => 'é'.repeat(most / 2)],
    ['an object', () => ({ text: 'x'.repeat(most) })],
    ['a rich object', () => ({ text: 'x'.repeat(most), at: new Date(0) })],
    ['bytes', () => new Uint8Array(most + 1)],
    // Its JSON would be longer than any text can be, and what it takes to find out more than an isolate has.
    ['what cannot be encoded', () => Array.from({ length: 540 }, () => shared)],
  ]

  it.each(values)('is refused, whether there is an entry or not: %s', async (_, make) => {
    const cache = open()
    await expect(cache.aset('absent', make())).rejects.toMatchObject(TOO_LARGE)
    await cache.aset('present', 'old')
    await expect(cache.aset('present', make())).rejects.toMatchObject(TOO_LARGE)
    // Nobody shall read what its writer tried to replace.
    if (!isAlone) expect(await cache.aget('present')).toBeUndefined()
    if (isAlone) return
    await expect(cache.aadd('absent', make())).rejects.toMatchObject(TOO_LARGE)
    await expect(cache.agetOrSet('absent', make)).rejects.toMatchObject(TOO_LARGE)
    expect(await cache.aget('absent')).toBeUndefined()
    await cache.aset('present', 'again')
    expect(await cache.aadd('present', make())).toBe(false)
    expect(await cache.aget('present')).toBe('again')
  })

  it.each(values)('is nobody else’s failure: %s', async (_, make) => {
    const cache = open()
    const outcomes = await Promise.allSettled([
      cache.aset('before', 1),
      cache.aset('absent', make()),
      cache.asetMany({ 'one of many': make(), 'another of many': 2 }),
      cache.aset('after', 3),
    ])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: TOO_LARGE },
      { status: 'fulfilled', value: ['one of many'] },
      { status: 'fulfilled' },
    ])
    const stored = await cache.agetMany(['before', 'absent', 'one of many', 'another of many', 'after'])
    expect(stored).toEqual(new Map(Object.entries({ before: 1, 'another of many': 2, after: 3 })))
  })
})

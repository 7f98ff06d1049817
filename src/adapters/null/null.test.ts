import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import type { CacheWarning } from '../../core/keys.ts'
import { SyncCache } from '../../core/sync-cache.ts'
import { syncTwins, type TestedCache } from '../../testing/sync-twins.ts'
import { nullAdapter } from './index.ts'

function caches(onWarning: (warning: CacheWarning) => void = () => {}): [string, TestedCache][] {
  const cache = createCache({ adapter: nullAdapter(), onWarning })
  if (!(cache instanceof SyncCache)) throw new TypeError('The null adapter is synchronous')
  return [
    ['async', cache],
    ['sync', syncTwins(cache)],
  ]
}

describe.each(caches())('nullAdapter(), %s', (_, cache) => {
  it('151. gives nothing of what was set', async () => {
    await cache.aset('key', 'value')
    expect(await cache.aget('key')).toBeUndefined()
  })

  it('152. adds each time, and stores nothing', async () => {
    expect(await cache.aadd('key', 'value')).toBe(true)
    expect(await cache.aadd('key', 'value')).toBe(true)
    expect(await cache.aget('key')).toBeUndefined()
  })

  it('153. gives the default', async () => {
    expect(await cache.aget('key', { default: 'bang' })).toBe('bang')
  })

  it('154. gives an empty map, refuses no key, and deletes and clears in silence', async () => {
    expect(await cache.agetMany(['a', 'b'])).toEqual(new Map())
    expect(await cache.asetMany({ a: 1 })).toEqual([])
    expect(await cache.asetMany({ a: 1, b: 2 }, { timeout: 2, version: 'a text' })).toEqual([])
    expect(await cache.adeleteMany(['a', 'b'])).toBeUndefined()
    expect(await cache.aclear()).toBeUndefined()
  })

  it('155. has nothing to delete, to have or to touch', async () => {
    await cache.aset('key', 'value')
    expect(await cache.adelete('key')).toBe(false)
    expect(await cache.ahasKey('key')).toBe(false)
    expect(await cache.atouch('key')).toBe(false)
  })

  it('156. has nothing to count or to move, even right after a set', async () => {
    await cache.aset('key', 1)
    const missing = { code: 'KEY_NOT_FOUND' }
    await expect(cache.aincr('key')).rejects.toMatchObject(missing)
    await expect(cache.adecr('key')).rejects.toMatchObject(missing)
    await expect(cache.aincrVersion('key')).rejects.toMatchObject(missing)
    await expect(cache.adecrVersion('key')).rejects.toMatchObject(missing)
  })

  it('157. gives the default, or what it computes, each time', async () => {
    expect(await cache.agetOrSet('key', 'default')).toBe('default')
    expect(await cache.agetOrSet('key', () => 'computed')).toBe('computed')
    expect(await cache.agetOrSet('key', null)).toBeNull()
    expect(await cache.agetOrSet('key', 'again')).toBe('again')
  })

  it('159. closes in silence', async () => {
    expect(await cache.aclose()).toBeUndefined()
  })

  it('has no remaining time, nothing to pop, and grants every lock', async () => {
    await cache.aset('key', 'value', null)
    expect(await cache.attl('key')).toBeUndefined()
    expect(await cache.apop('key', { default: 'default' })).toBe('default')
    expect(await cache.aincr('key', 1, { initial: 0 })).toBe(1)
    expect(await cache.aincr('key', 1, { initial: 0 })).toBe(1)
    const lock = await cache.alock('key', { timeout: 60 })
    expect(await cache.alock('key', { timeout: 60 })).toBeDefined()
    expect(await lock?.release()).toBe(false)
  })

  it('refuses values that no cache can store', async () => {
    await expect(cache.aset('key', () => 1)).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await expect(cache.aset('key', 1, Number.NaN)).rejects.toThrow(RangeError)
  })
})

describe('nullAdapter()', () => {
  it('158. warns of bad keys', async () => {
    const warned: string[] = []
    for (const [, cache] of caches(({ key }) => warned.push(key))) {
      await cache.agetMany(['get many'])
      await cache.asetMany({ 'set many': 1 })
      await cache.adeleteMany(['delete many'])
    }
    expect(warned).toEqual([':1:get many', ':1:set many', ':1:delete many'])
  })
})

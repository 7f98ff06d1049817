import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { memoryAdapter } from '../memory/index.ts'
import {
  type Announcements,
  announcements,
  type CacheChange,
  type IndexedDBAdapter,
  indexedDBAdapter,
  withFallback,
} from './index.ts'

// In Node there is no IndexedDB.
const NONE = { message: 'There is no IndexedDB here' }

afterEach(() => vi.restoreAllMocks())

describe('the place in use', () => {
  it.each(['kept', 'shared'] as const)(
    'is the fallback, with its guarantees, once it is chosen (%s)',
    async (values) => {
      const place = values === 'kept' ? memoryAdapter() : memoryAdapter({ values })
      const adapter = withFallback(indexedDBAdapter({ name: 'app' }), () => place)
      expect(adapter.name).toBe('indexeddb')
      expect(adapter.supports).toMatchObject({ persistent: true, values: 'fresh' })
      const inUse = await adapter.ready()
      // Each reader has an object of its own also where the fallback hands out the one that is stored.
      expect(inUse).toEqual({ name: 'memory', supports: { ...place.supports, values: 'fresh' } })
      expect(adapter.supports).toEqual(inUse.supports)
      expect(adapter.supports.persistent).toBe(false)
      expect(adapter.name).toBe('memory')
      expect(await adapter.ready()).toBe(inUse)
    },
  )

  it('is found out by the first call, too', async () => {
    const adapter = withFallback(indexedDBAdapter({ name: 'app' }), () => memoryAdapter())
    await createCache({ adapter }).aset('key', 1)
    expect(adapter.supports.persistent).toBe(false)
  })

  it('may be loaded when it is needed', async () => {
    const fallback = async () => (await import('../memory/index.ts')).memoryAdapter()
    const cache = createCache({ adapter: withFallback(indexedDBAdapter({ name: 'app' }), fallback) })
    await cache.aset('key', 1)
    expect(await cache.aget('key')).toBe(1)
  })

  it('is named by the errors of its calls', async () => {
    const read = () => Promise.reject(new Error('down'))
    const adapter = withFallback(indexedDBAdapter({ name: 'app' }), () => ({ ...memoryAdapter(), read }))
    await expect(createCache({ adapter }).aget('key')).rejects.toThrow('failed in the memory adapter: down')
  })

  it('does not exist without a fallback, and ready says so', async () => {
    const adapter = indexedDBAdapter({ name: 'app' })
    await expect(adapter.ready()).rejects.toMatchObject({ code: 'ADAPTER_FAILED', cause: NONE })
    await adapter.close()
  })
})

describe('a fallback that fails', () => {
  const BAD: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('no memory')
    },
    rejects: () => Promise.reject(new Error('no memory')),
    'gives nothing': () => undefined,
    'gives null': () => null,
    'gives no adapter': () => ({}),
    'gives a class': () => Map,
  }

  it.each(Object.entries(BAD))(
    'fails each call with the reason, tells onFault, and is asked again: %s',
    async (_how, bad) => {
      const onFault = vi.fn()
      let isBad = true
      const fallback = vi.fn(() => (isBad ? bad() : memoryAdapter())) as never
      const adapter = withFallback(indexedDBAdapter({ name: 'app' }), fallback, { onFault })
      const cache = createCache({ adapter })
      const failure = { code: 'ADAPTER_FAILED', cause: NONE }
      await expect(cache.aget('key')).rejects.toMatchObject(failure)
      await expect(Promise.all([cache.aset('key', 1), cache.aset('key', 2)])).rejects.toMatchObject(failure)
      await expect(adapter.ready()).rejects.toMatchObject(failure)
      await cache.aclose()
      expect(fallback).toHaveBeenCalledTimes(3)
      expect(onFault).toHaveBeenCalledTimes(3)
      expect(onFault).toHaveBeenCalledWith(
        expect.objectContaining({ message: expect.stringContaining('fallback'), cause: expect.any(Error) }),
      )
      isBad = false
      await cache.aset('key', 3)
      expect(await cache.aget('key')).toBe(3)
    },
  )
})

/** An adapter on a fallback that announces its changes. */
function announcing(): { readonly changes: Announcements; readonly adapter: IndexedDBAdapter } {
  const changes = announcements()
  const adapter = withFallback(indexedDBAdapter({ name: 'app', announcements: changes }), () =>
    memoryAdapter(),
  )
  return { changes, adapter }
}

describe('changes on a fallback', () => {
  it('are heard of in this page, by subscribers of before and after it was chosen', async () => {
    const { changes, adapter } = announcing()
    const cache = createCache({ adapter })
    const [early, late]: CacheChange[][] = [[], []]
    const stop = changes.subscribe((change) => early?.push(change))
    await cache.aset('a', 1)
    changes.subscribe((change) => late?.push(change))
    await cache.aadd('a', 2)
    await cache.aincr('a')
    await cache.aclear()
    const changed = { kind: 'changed', keys: [':1:a'] }
    await vi.waitFor(() => expect(late).toEqual([changed, { kind: 'cleared', scope: '' }]))
    expect(early).toEqual([changed, changed, { kind: 'cleared', scope: '' }])
    stop()
    await cache.aset('b', 1)
    await vi.waitFor(() => expect(late).toHaveLength(3))
    expect(early).toHaveLength(3)
  })

  it('are no other tab’s affair, nor theirs ours', async () => {
    const tabs = [0, 1].map(() => announcing())
    const heard: CacheChange[][] = tabs.map(() => [])
    for (const [index, { changes }] of tabs.entries())
      changes.subscribe((change) => heard[index]?.push(change))
    await Promise.all(tabs.map(({ adapter }) => adapter.ready()))
    for (const [index, { adapter }] of tabs.entries()) await createCache({ adapter }).aset(`tab-${index}`, 1)
    await vi.waitFor(() => expect(heard.map((changes) => changes.length)).toEqual([1, 1]))
    expect(heard).toEqual([0, 1].map((index) => [{ kind: 'changed', keys: [`:1:tab-${index}`] }]))
  })

  it('are not told where that was not asked for', async () => {
    const listener = vi.fn()
    announcements().subscribe(listener)
    const adapter = withFallback(indexedDBAdapter({ name: 'app' }), () => memoryAdapter())
    expect(adapter.announcements).toBeUndefined()
    await createCache({ adapter }).aset('a', 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(listener).not.toHaveBeenCalled()
  })
})

it('sweeps nothing on a fallback, and asks nobody to keep the storage', async () => {
  const adapter = withFallback(indexedDBAdapter({ name: 'app' }), () => memoryAdapter())
  expect(await adapter.sweep()).toBe(0)
  expect(await adapter.persist()).toBe(false)
})

it.each(['whenIdle', 'onFault'])('takes no %s that is not a function', (option) => {
  expect(() => indexedDBAdapter({ name: 'app', [option]: 'yes' })).toThrow(`${option} must be a function`)
})

describe('withFallback()', () => {
  const adapter = indexedDBAdapter({ name: 'app' })

  it.each([undefined, null, {}, memoryAdapter(), 'app'])('takes no other adapter: %o', (other) => {
    expect(() => withFallback(other as never, () => memoryAdapter())).toThrow(
      /^withFallback takes an indexedDBAdapter\(…\): got /,
    )
  })

  it.each([undefined, null, {}, memoryAdapter(), 'yes'])(
    'takes no fallback that is not a function: %o',
    (bad) => {
      expect(() => withFallback(adapter, bad as never)).toThrow(
        /^withFallback takes a function that returns an adapter: got /,
      )
    },
  )

  it('takes no unknown option, and no onFault that is not a function', () => {
    const options = (given: unknown) => () => withFallback(adapter, () => memoryAdapter(), given as never)
    expect(options({ onfault: () => {} })).toThrow('withFallback has no option "onfault"')
    expect(options(() => {})).toThrow(TypeError)
    expect(options({ onFault: 'yes' })).toThrow('onFault must be a function')
  })
})

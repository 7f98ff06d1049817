import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import type { AsyncCache } from './cache.ts'
import { createCaches } from './caches.ts'
import { isCacheError } from './errors.ts'
import type { SyncCache } from './sync-cache.ts'

/** An adapter that records when it is closed, and hides its sync methods. */
function closable(close: () => Promise<void>): Adapter {
  const { name, supports, read, commit, clear } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

describe('createCaches()', () => {
  it('141. keeps caches on different stores apart', async () => {
    const caches = createCaches({ one: { adapter: memoryAdapter() }, two: { adapter: memoryAdapter() } })
    caches.get('one').set('k', 1)
    expect(caches.get('two').get('k')).toBeUndefined()
  })

  it('142. gives the same object for a name each time', () => {
    const caches = createCaches({ one: () => ({ adapter: memoryAdapter() }) })
    expect(caches.get('one')).toBe(caches.get('one'))
    expect(caches.all().get('one')).toBe(caches.get('one'))
  })

  it('143. names a cache that is not configured, and those that are', () => {
    const caches = createCaches({ one: { adapter: memoryAdapter() } })
    for (const name of ['three', 'toString', '__proto__']) {
      const ask = () => caches.get(name as 'one')
      expect(ask).toThrow(`get takes the name of a configured cache (one`)
      expect(ask).toThrow(expect.objectContaining({ code: 'INVALID_CACHE' }))
    }
  })

  it('144. names a cache whose configuration is broken, when it is first used', () => {
    const caches = createCaches({
      whole: { adapter: memoryAdapter() },
      broken: () => {
        throw new Error('no binding')
      },
      wrong: { adapter: memoryAdapter(), timeout: Number.NaN },
    })
    caches.get('whole').set('k', 1)
    for (const [name, why] of [
      ['broken', 'no binding'],
      ['wrong', 'NaN'],
    ] as const) {
      let caught: unknown
      try {
        caches.get(name)
      } catch (error) {
        caught = error
      }
      expect(isCacheError(caught, 'INVALID_CACHE')).toBe(true)
      expect((caught as Error).message).toContain(`"${name}"`)
      expect((caught as Error).message).toContain(why)
      expect((caught as Error).cause).toBeInstanceOf(Error)
    }
  })

  it('145. makes caches when they are used, and lists those that are', () => {
    const caches = createCaches({ one: { adapter: memoryAdapter() }, two: { adapter: memoryAdapter() } })
    const initialized = () => [...caches.all({ initializedOnly: true }).keys()]
    expect(initialized()).toEqual([])
    caches.get('two')
    expect(initialized()).toEqual(['two'])
    expect([...caches.all().keys()]).toEqual(['one', 'two'])
    expect(initialized()).toEqual(['one', 'two'])
  })

  it('68. closes its caches at the end of an await using block', async () => {
    const close = vi.fn(async () => {})
    {
      await using caches = createCaches({ one: { adapter: closable(close) } })
      await caches.get('one').aset('k', 1)
      expect(close).not.toHaveBeenCalled()
    }
    expect(close).toHaveBeenCalledOnce()
  })

  it('69. makes no cache in order to close it, and closes all even if one fails', async () => {
    const close = vi.fn(async () => {})
    const broken = vi.fn(async () => {
      throw new Error('stuck')
    })
    const unused = vi.fn(() => ({ adapter: memoryAdapter() }))
    const caches = createCaches({
      broken: { adapter: closable(broken) },
      one: { adapter: closable(close) },
      unused,
    })
    caches.get('broken')
    caches.get('one')
    await expect(caches.closeAll()).rejects.toThrow('Cannot close 1 of 2 caches')
    expect(close).toHaveBeenCalledOnce()
    expect(unused).not.toHaveBeenCalled()
  })

  it('types each cache by its adapter', () => {
    const caches = createCaches({
      sync: { adapter: memoryAdapter() },
      async: { adapter: closable(async () => {}) },
    })
    expectTypeOf(caches.get('sync')).toEqualTypeOf<SyncCache>()
    expectTypeOf(caches.get('async')).toEqualTypeOf<AsyncCache>()
    // @ts-expect-error The name is not configured.
    expect(() => caches.get('other')).toThrow()
  })

  it.each([null, undefined, 7, 'default', [{ adapter: memoryAdapter() }], new Map(), new Date(), () => ({})])(
    'are not made of %s',
    (configs) => {
      expect(() => createCaches(configs as never)).toThrow(
        /^createCaches takes an object of names and options/,
      )
    },
  )

  it('refuse anything but a name or an option', () => {
    const caches = createCaches({ one: { adapter: memoryAdapter() } })
    for (const name of [undefined, null, 7, Symbol('one'), {}, ['none']])
      expect(() => caches.get(name as never)).toThrow(expect.objectContaining({ code: 'INVALID_CACHE' }))
    for (const initializedOnly of [null, 0, 1, 'yes', {}])
      expect(() => caches.all({ initializedOnly: initializedOnly as never })).toThrow(
        /^all takes true or false for initializedOnly: got /,
      )
    for (const options of [null, true, []]) expect(() => caches.all(options as never)).toThrow(TypeError)
  })
})

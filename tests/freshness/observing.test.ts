import { describe, expect, it, vi } from 'vitest'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { createCache } from '../../src/core/create-cache.ts'
import type { CacheEvent } from '../../src/core/metrics.ts'
import type { CacheChange } from '../../src/core/subscribe.ts'
import { SharedStore } from './shared-store.ts'

const settle = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('subscribe()', () => {
  function listen(adapter = memoryAdapter()) {
    const cache = createCache({ adapter, keyPrefix: 'app' })
    const changes: CacheChange[] = []
    const stop = cache.subscribe((change) => changes.push(change))
    return { adapter, cache, changes, stop }
  }

  it('tells of changes in the own keys, through any cache on the adapter', async () => {
    const { adapter, cache, changes, stop } = listen()
    const other = createCache({ adapter, keyPrefix: 'app' })
    const foreign = createCache({ adapter, keyPrefix: 'other' })
    cache.set('a', 1)
    await other.aset('b', 1)
    foreign.set('c', 1)
    cache.incr('a')
    other.setMany({ d: 1, e: 1 })
    cache.delete('missing')
    cache.delete('a')
    foreign.clear()
    await settle()
    expect(changes).toEqual([
      { kind: 'changed', keys: ['a'] },
      { kind: 'changed', keys: ['b'] },
      { kind: 'changed', keys: ['a'] },
      { kind: 'changed', keys: ['d', 'e'] },
      { kind: 'changed', keys: ['a'] },
    ])
    cache.clear()
    stop()
    cache.set('after', 1)
    await settle()
    expect(changes).toHaveLength(5)
  })

  it('tells of clears, and of loaded values, and not of locks', async () => {
    const { cache, changes } = listen()
    cache.clear()
    const lock = await cache.alock('lock', { timeout: 5 })
    await lock?.release()
    cache.lock('lock', { timeout: 5 })
    await cache.agetOrSet('k', async () => 1)
    cache.getOrSet('l', 1)
    await settle()
    expect(changes).toEqual([
      { kind: 'cleared' },
      { kind: 'changed', keys: ['k'] },
      { kind: 'changed', keys: ['l'] },
    ])
  })

  it('tells of nothing but the keys of the own version', async () => {
    const { cache, changes } = listen()
    cache.set('k', 1, { version: 2 })
    cache.set('k', 1)
    cache.incrVersion('k')
    await settle()
    expect(changes).toEqual([
      { kind: 'changed', keys: ['k'] },
      { kind: 'changed', keys: ['k'] },
    ])
  })

  it('does not let a listener that throws disturb anyone', async () => {
    const { cache, changes } = listen()
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    cache.subscribe(() => {
      throw new Error('x')
    })
    cache.set('k', 1)
    await settle()
    expect(cache.get('k')).toBe(1)
    expect(changes).toHaveLength(1)
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
  })

  it('tells of invalidated tags, and not of claims', async () => {
    const store = new SharedStore()
    const adapter = store.adapter()
    const cache = createCache({ adapter, keyPrefix: 'app' })
    const changes: CacheChange[] = []
    cache.subscribe((change) => changes.push(change))
    await cache.agetOrSet('k', () => 1, { tags: ['a'] })
    await cache.adeleteTags('a', 'b')
    await createCache({ adapter, keyPrefix: 'other' }).adeleteTags('a')
    await settle()
    expect(changes).toEqual([
      { kind: 'changed', keys: ['k'] },
      { kind: 'invalidated', tags: ['a', 'b'] },
    ])
  })

  it('needs a function, and the default key function', () => {
    const cache = createCache({ adapter: memoryAdapter() })
    expect(() => cache.subscribe(1 as never)).toThrow('subscribe takes a function: got number')
    const custom = createCache({ adapter: memoryAdapter(), keyFunction: (key) => key })
    expect(() => custom.subscribe(() => {})).toThrow('default key function')
  })
})

describe('onEvent and stats()', () => {
  it('count hits and misses of every read, and loads', async () => {
    const events: CacheEvent[] = []
    const cache = createCache({ adapter: memoryAdapter(), onEvent: (event) => events.push(event) })
    cache.set('k', 1)
    cache.get('k')
    await cache.aget('nothing')
    cache.getMany(['k', 'nothing'])
    await cache.agetOrSet('k', 2)
    await cache.agetOrSet('l', async () => 2)
    cache.getOrSet('m', () => 3)
    await cache.agetOrSet('x', () => Promise.reject(new Error('x'))).catch(() => {})
    expect(cache.stats()).toEqual({ hits: 3, misses: 5, stale: 0, loads: 2, failedLoads: 1 })
    expect(events.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'hit k',
      'miss nothing',
      'hit k',
      'miss nothing',
      'hit k',
      'miss l',
      'loaded l',
      'miss m',
      'loaded m',
      'miss x',
      'load-failed x',
    ])
  })

  it('does not let a listener that throws change a result', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const onEvent = () => {
      throw new Error('x')
    }
    const cache = createCache({ adapter: memoryAdapter(), onEvent })
    expect(await cache.agetOrSet('k', async () => 1)).toBe(1)
    expect(cache.get('k')).toBe(1)
    expect(log).toHaveBeenCalled()
    log.mockRestore()
  })
})

import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import type { CacheOptions } from '../../core/options.ts'
import { type CacheKVNamespace, type CacheShardNamespace, countOperations, kvAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import { CLAIM_LEASE_MS } from './limits.ts'

afterEach(() => {
  vi.useRealTimers()
})

function open() {
  const name = crypto.randomUUID()
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  const meter = countOperations()
  /** Each is another isolate, which shares no load with the others. */
  const isolate = (options: Partial<CacheOptions> & { shards?: CacheShardNamespace } = {}) => {
    const { shards = meter.shards(env.CACHE_SHARDS), ...rest } = options
    const kv = standForIsolate(meter.kv(env.CACHE_KV as CacheKVNamespace))
    return createCache({ adapter: kvAdapter({ kv, shards, name, shardCount: 1 }), ...rest })
  }
  return { name, owner, meter, isolate }
}

/** A load that ends when the test says so. */
function heldLoad<T>() {
  let settle: { resolve: (value: T) => void; reject: (reason: unknown) => void } | undefined
  const begun = Promise.withResolvers<void>()
  let loads = 0
  return {
    loader: () => {
      loads += 1
      begun.resolve()
      return new Promise<T>((resolve, reject) => {
        settle = { resolve, reject }
      })
    },
    begun: begun.promise,
    end: (value: T) => settle?.resolve(value),
    fail: (error: Error) => settle?.reject(error),
    get loads() {
      return loads
    },
  }
}

describe('a load at the edge', () => {
  it('runs once for the callers of many isolates, who wait in one call each', async () => {
    const { isolate, meter } = open()
    const load = heldLoad<string>()
    const first = isolate().agetOrSet('key', load.loader)
    await load.begun
    const others = Array.from({ length: 20 }, () => isolate()).flatMap((cache) => [
      cache.agetOrSet('key', load.loader),
      cache.agetOrSet('key', load.loader),
    ])
    // Each isolate has read at the owner, and now waits there.
    await expect.poll(() => meter.costs().ownerCalls).toBe(1 + 20 * 2)
    load.end('value')
    expect(new Set(await Promise.all([first, ...others]))).toEqual(new Set(['value']))
    expect(load.loads).toBe(1)
    // The loader has stored the value with one more call.
    expect(meter.costs().ownerCalls).toBe(1 + 20 * 2 + 1)
  })

  it('costs no rows until it stores its value', async () => {
    const { isolate, owner } = open()
    const cache = isolate()
    await cache.aset('warm', 1)
    const rows = async () => (await owner.billedRows()).written
    const before = await rows()
    const load = heldLoad<string>()
    const loading = cache.agetOrSet('key', load.loader)
    await load.begun
    expect(await rows()).toBe(before)
    load.end('value')
    await loading
    expect(await rows()).toBe(before + 1)
  })

  it('that fails lets the next one load', async () => {
    const { isolate } = open()
    const [first, second] = [heldLoad<string>(), heldLoad<string>()]
    const failing = isolate().agetOrSet('key', first.loader)
    failing.catch(() => {})
    await first.begun
    const waiting = isolate().agetOrSet('key', second.loader)
    first.fail(new Error('no network'))
    await second.begun
    second.end('value')
    await expect(failing).rejects.toThrow('no network')
    expect(await waiting).toBe('value')
  })

  it('whose isolate has died lets the next one load once its lease has lapsed', async () => {
    const { name, owner, isolate } = open()
    vi.useFakeTimers({ toFake: ['Date'] })
    // The dead one has claimed, and renews nothing.
    const dead = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
    const now = Date.now()
    const claim = { key: ':1:key', token: 1, now, until: now + 30_000, wait: false }
    expect(await dead.claim(claim)).toMatchObject({ isGranted: true })
    expect(await dead.claim({ ...claim, token: 2 })).toMatchObject({ isGranted: false })
    vi.setSystemTime(now + CLAIM_LEASE_MS)
    const load = heldLoad<string>()
    const waiting = isolate().agetOrSet('key', load.loader)
    await load.begun
    // The dead one comes back, too late.
    const entry = { value: { format: 'json', data: '"late"' }, expiresAt: null }
    const fill = { key: ':1:key', op: { kind: 'fill', token: 1, entry } } as const
    const { outcomes } = await owner.commit({ changes: [fill], now })
    expect(outcomes).toEqual([{ ok: false, reason: 'superseded' }])
    load.end('value')
    expect(await waiting).toBe('value')
    expect(await isolate().aget('key')).toBe('value')
  })

  it('is stored although its lease has lapsed, if nobody else has claimed it', async () => {
    const { name, isolate } = open()
    vi.useFakeTimers({ toFake: ['Date'] })
    const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
    const now = Date.now()
    await owner.claim({ key: ':1:key', token: 1, now, until: now + 30_000, wait: false })
    vi.setSystemTime(now + CLAIM_LEASE_MS * 2)
    expect(await owner.renew({ key: ':1:key', token: 1 })).toMatchObject({ isHeld: true })
    expect(await owner.renew({ key: ':1:key', token: 2 })).toMatchObject({ isHeld: false })
    const entry = { value: { format: 'json', data: '"value"' }, expiresAt: null }
    await owner.commit({ changes: [{ key: ':1:key', op: { kind: 'fill', token: 1, entry } }], now })
    expect(await isolate().aget('key')).toBe('value')
  })

  it('whose owner is evicted gives its value, and does not store it', async () => {
    const { isolate, owner } = open()
    const load = heldLoad<string>()
    const loading = isolate().agetOrSet('key', load.loader)
    await load.begun
    await evictDurableObject(owner)
    load.end('value')
    expect(await loading).toBe('value')
    expect(await isolate().aget('key')).toBeUndefined()
    expect(await isolate().agetOrSet('key', () => 'next')).toBe('next')
  })

  it('whose owner restarts is loaded again by those who wait there', async () => {
    const { isolate, owner, meter } = open()
    const [first, second] = [heldLoad<string>(), heldLoad<string>()]
    const loading = isolate().agetOrSet('key', first.loader)
    await first.begun
    const waiting = isolate({ onError: () => 'miss' }).agetOrSet('key', second.loader)
    await expect.poll(() => meter.costs().ownerCalls).toBe(3)
    await runInDurableObject(owner, (_, state) => state.abort('deployed')).catch(() => {})
    await second.begun
    first.end('late')
    second.end('value')
    expect(await waiting).toBe('value')
    expect(['late', 'value']).toContain(await loading)
    expect(await isolate().agetOrSet('key', () => 'next')).toMatch(/value|next/)
  })

  it('renews its claim while it lasts, and not afterwards', async () => {
    const { isolate, meter } = open()
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const load = heldLoad<string>()
    const loading = isolate().agetOrSet('key', load.loader)
    await load.begun
    const before = meter.costs().ownerCalls
    vi.advanceTimersByTime(6_000)
    expect(meter.costs().ownerCalls).toBe(before + 3)
    load.end('value')
    await loading
    const after = meter.costs().ownerCalls
    vi.advanceTimersByTime(60_000)
    expect(meter.costs().ownerCalls).toBe(after)
  })

  it.each<[string, (cache: ReturnType<ReturnType<typeof open>['isolate']>) => Promise<unknown>, unknown]>([
    ['a set', (cache) => cache.aset('key', 'theirs'), 'theirs'],
    ['a delete', (cache) => cache.adelete('key'), undefined],
    ['a clear', (cache) => cache.aclear(), undefined],
    ['a tag that was deleted', (cache) => cache.adeleteTags('posts'), undefined],
    ['a tag that became stale', (cache) => cache.aexpireTags('posts'), undefined],
    [
      'a value that came and went',
      (cache) => cache.aset('key', 'x').then(() => cache.adelete('key')),
      undefined,
    ],
    [
      'a value moved here',
      (cache) =>
        cache.aset('key', 'moved', { version: 2 }).then(() => cache.adecrVersion('key', 1, { version: 2 })),
      'moved',
    ],
  ])('is not stored after %s in another isolate', async (_, change, left) => {
    const { isolate } = open()
    const load = heldLoad<string>()
    const loading = isolate().agetOrSet('key', load.loader, { tags: ['posts'] })
    await load.begun
    await change(isolate())
    load.end('late')
    expect(await loading).toBe(left ?? 'late')
    expect(await isolate().aget('key', { fresh: true })).toBe(left)
  })

  it.each<[string, (cache: ReturnType<ReturnType<typeof open>['isolate']>) => Promise<unknown>]>([
    ['was deleted', (cache) => cache.adelete('key')],
    ['has lost a tag', (cache) => cache.adeleteTags('posts')],
    ['was cleared', (cache) => cache.aclear()],
  ])('is not joined by who asks after the key %s in another isolate', async (_, change) => {
    const { isolate } = open()
    const [old, current] = [heldLoad<string>(), heldLoad<string>()]
    const cache = isolate()
    const before = cache.agetOrSet('key', old.loader, { tags: ['posts'] })
    await old.begun
    await change(isolate())
    const after = cache.agetOrSet('key', current.loader, { tags: ['posts'] })
    // After a tag it waits for the load in flight, whose value may not have the tag.
    old.end('old')
    await current.begun
    current.end('new')
    expect(await after).toBe('new')
    expect(['old', 'new']).toContain(await before)
    expect(await isolate().aget('key')).toBe('new')
  })

  it('in the background replaces a stale value once, while all callers get the stale one', async () => {
    const { isolate } = open()
    let now = 1_000_000
    const clock = () => now
    const options = { timeout: 10, staleWhileRevalidate: 60 }
    await isolate({ clock }).aset('key', 'old', options)
    now += 20_000
    const load = heldLoad<string>()
    const loads: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>) => loads.push(promise)
    const caches = Array.from({ length: 10 }, () => isolate({ clock }))
    const found = await Promise.all(
      caches.map((cache) => cache.agetOrSet('key', load.loader, { ...options, waitUntil })),
    )
    expect(new Set(found)).toEqual(new Set(['old']))
    await load.begun
    load.end('new')
    await Promise.all(loads)
    expect(load.loads).toBe(1)
    expect(await isolate({ clock }).aget('key')).toBe('new')
  })

  it('gives a large value to those who wait', async () => {
    const { isolate } = open()
    const load = heldLoad<string>()
    const first = isolate().agetOrSet('key', load.loader)
    await load.begun
    const second = isolate().agetOrSet('key', load.loader)
    load.end('a'.repeat(300_000))
    expect([await first, await second].map(String).map(({ length }) => length)).toEqual([300_000, 300_000])
    expect(load.loads).toBe(1)
  })

  it('keeps a large stale value until its window ends', async () => {
    const { isolate } = open()
    let now = Date.now()
    const cache = isolate({ clock: () => now })
    await cache.aset('key', 'a'.repeat(300_000), { timeout: 10, staleIfError: 100 })
    now += 60_000
    const failing = () => Promise.reject(new Error('no network'))
    expect(await cache.agetOrSet('key', failing, { staleIfError: 100 })).toHaveLength(300_000)
    await cache.aset('key', 'b'.repeat(300_000), { timeout: 10, staleIfError: 100 })
    await cache.atouch('key', 7_200)
    now += 7_250_000
    expect(await cache.agetOrSet('key', failing, { staleIfError: 100 })).toHaveLength(300_000)
  })
})

describe('an owner of an earlier version', () => {
  it('loads without claims, once per isolate, and stores the value', async () => {
    const { name, isolate } = open()
    const shards: CacheShardNamespace = {
      idFromName: (id) => env.CACHE_SHARDS.idFromName(id),
      getByName: (id) => {
        const stub = env.CACHE_SHARDS.getByName(id)
        const missing = async () => {
          throw new TypeError('The RPC receiver does not implement the method "claim".')
        }
        return {
          read: ({ keys, wanted }) => stub.read({ keys, wanted }),
          commit: (request) => {
            for (const { op } of request.changes) {
              if (['claim', 'fill', 'unclaim', 'expire'].includes(op.kind))
                throw new TypeError(`Unknown operation "${op.kind}"`)
            }
            return stub.commit(request)
          },
          clear: (request) => stub.clear(request),
          reserve: (request) => stub.reserve(request),
          claim: missing,
          renew: missing,
          deleteTags: missing,
          listKeys: missing,
        }
      },
    }
    const cache = isolate({ shards })
    expect(await cache.agetOrSet('key', () => 'value')).toBe('value')
    expect(await isolate({ shards }).agetOrSet('key', () => 'other')).toBe('value')
    expect(await cache.agetOrSet('nothing', () => undefined)).toBeUndefined()
    await expect(cache.agetOrSet('failing', () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    )
    await runInDurableObject(env.CACHE_SHARDS.getByName(`${name}/v1/1/0`), (_, { storage }) => {
      expect(storage.sql.exec('SELECT key FROM entries').toArray()).toEqual([{ key: ':1:key' }])
    })
  })
})

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { isCacheError } from '../../core/errors.ts'
import { laggingKV } from '../../testing/lagging-kv/index.ts'
import { countOperations, type KVAdapterOptions, kvAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import type { CacheKVNamespace } from './namespace.ts'

const HOUR = 3_600
const large = (text: string): string => text.repeat(200_000)

// The owner lives in the isolate of the tests, and so does its clock.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function open(options: Partial<KVAdapterOptions> = {}) {
  const name = crypto.randomUUID()
  const meter = countOperations()
  const { kv = env.CACHE_KV, ...others } = options
  // A location of its own stands for an isolate of its own, by the binding itself.
  const bindings = {
    kv: 'kv' in options ? kv : meter.kv(env.CACHE_KV as CacheKVNamespace),
    shards: meter.shards(env.CACHE_SHARDS),
  }
  const adapter = kvAdapter({ ...bindings, name, shardCount: 1, ...others })
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  return {
    name,
    owner,
    adapter,
    meter,
    cache: createCache({ adapter }),
    /** The names of the blobs there are, and when KV will drop them, in seconds from now. */
    blobs: async () => {
      const { keys } = await env.CACHE_KV.list({ prefix: `${name}/v1/blobs/` })
      return keys.map(({ name: blob, expiration }) => ({
        blob,
        ends: expiration === undefined ? undefined : expiration - Date.now() / 1000,
      }))
    },
    pass: (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000),
    sweep: () => runDurableObjectAlarm(owner),
    alarmAt: () => runInDurableObject(owner, (_, { storage }) => storage.getAlarm()),
    rowBytes: () =>
      runInDurableObject(
        owner,
        (_, { storage }) =>
          storage.sql.exec<{ bytes: number }>('SELECT sum(length(value)) AS bytes FROM entries').one().bytes,
      ),
  }
}

/** The names of the blobs that an owner is to look after. */
function noted(owner: DurableObjectStub) {
  return runInDurableObject(owner, (_, { storage }) =>
    storage.sql
      .exec('SELECT name FROM blob_notes')
      .toArray()
      .map(({ name }) => name),
  )
}

describe('a large value', () => {
  it('is in KV, and its owner has where', async () => {
    const { meter, cache, blobs, rowBytes } = open()
    await cache.aset('page', { html: large('€') })
    expect(meter.costs()).toMatchObject({ kvWrites: 1, ownerCalls: 1 })
    const [only, ...others] = await blobs()
    expect(others).toEqual([])
    // Its entry's 300 s, and a while for who was told of it just before.
    expect(only?.ends).toBeGreaterThan(300)
    expect(only?.ends).toBeLessThan(300 + 63)
    expect(await rowBytes()).toBeLessThan(300)
    expect(await cache.aget('page')).toEqual({ html: large('€') })
    expect(await cache.attl('page')).toBe(300)
    expect(await cache.agetMany(['page', 'none'])).toEqual(new Map([['page', { html: large('€') }]]))
  })

  it('comes back as it went in', async () => {
    const { cache } = open()
    const bytes = crypto.getRandomValues(new Uint8Array(60_000))
    const many = new Uint8Array(180_000).map((_, index) => bytes[index % bytes.length] as number)
    for (const value of [many, many.buffer, new Map([['key', large('\ufeffx')]]), `\ufeff${large('x')}`]) {
      await cache.aset('page', value)
      expect(await cache.aget('page')).toStrictEqual(value)
    }
  })

  it('is fetched once for all who ask in one turn, and is each one’s own', async () => {
    const { meter, cache } = open()
    await cache.aset('page', new Uint8Array(200_000))
    const before = meter.costs().kvReads
    const [mine, yours] = await Promise.all(
      [1, 2].map(() => cache.aget('page', { default: new Uint8Array() })),
    )
    expect(meter.costs().kvReads - before).toBe(1)
    mine?.fill(9)
    expect(yours).toStrictEqual(new Uint8Array(200_000))
  })

  it('is taken, moved, added and refused as any other', async () => {
    const { cache } = open()
    expect(await cache.aadd('page', large('a'))).toBe(true)
    expect(await cache.aadd('page', large('b'))).toBe(false)
    expect(await cache.aincrVersion('page')).toBe(2)
    await expect(cache.aincr('page', 1, { version: 2 })).rejects.toMatchObject({ code: 'NOT_AN_INTEGER' })
    expect(await cache.apop('page', { version: 2 })).toBe(large('a'))
    expect(await cache.ahasKey('page', { version: 2 })).toBe(false)
    expect(await cache.aset('page', large('c'), 0)).toBeUndefined()
    expect(await cache.aget('page')).toBeUndefined()
  })

  it('moves to another owner with a blob of its own', async () => {
    const keyFunction = (key: string, prefix: string, version: number | string) =>
      `${prefix}${version}-${key}`
    const { adapter, name, blobs, pass } = open({ shardCount: 16 })
    const moved = createCache({ adapter, keyFunction })
    await moved.aset('page', large('a'), null)
    for (let version = 1; version < 6; version += 1) await moved.aincrVersion('page', 1, { version })
    pass(2 * HOUR)
    for (let shard = 0; shard < 16; shard += 1) {
      await runDurableObjectAlarm(env.CACHE_SHARDS.getByName(`${name}/v1/16/${shard}`))
    }
    expect(await moved.aget('page', { version: 6 })).toBe(large('a'))
    expect(await blobs()).toHaveLength(1)
  })

  it('too large for KV is refused, and the old value is not served for it', async () => {
    const { cache } = open()
    await cache.aset('page', 'old')
    await expect(cache.aset('page', 'x'.repeat(25 * 2 ** 20))).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
    })
    expect(await cache.aget('page')).toBeUndefined()
  })

  it('keeps its place among the calls, though it takes longer', async () => {
    const { cache } = open()
    const first = cache.aset('page', large('a'))
    await Promise.resolve()
    await Promise.resolve()
    const second = cache.aset('page', 'small')
    const read = cache.aget('page')
    await Promise.all([first, second])
    expect(await read).toBe('small')
    expect(await cache.aget('page')).toBe('small')
    const all = [
      cache.aset('page', large('b')),
      cache.aget('page'),
      cache.adelete('page'),
      cache.aget('page'),
    ]
    expect(await Promise.all(all)).toEqual([undefined, undefined, true, undefined])
  })
})

describe('a touch of a large value', () => {
  it('within its life in KV costs no KV write, and beyond it gives it another', async () => {
    const { meter, cache, blobs } = open()
    await cache.aset('page', large('a'), 600)
    expect(await cache.atouch('page', 300)).toBe(true)
    expect(await cache.atouch('page', 600)).toBe(true)
    expect(meter.costs().kvWrites).toBe(1)
    expect(await cache.atouch('page', HOUR)).toBe(true)
    expect(meter.costs().kvWrites).toBe(2)
    expect(await cache.attl('page')).toBe(HOUR)
    expect(await cache.aget('page')).toBe(large('a'))
    expect((await blobs()).filter(({ ends }) => (ends ?? 0) > HOUR)).toHaveLength(1)
    expect(await cache.atouch('page', null)).toBe(true)
    expect(await cache.attl('page')).toBeNull()
    expect((await blobs()).filter(({ ends }) => ends === undefined)).toHaveLength(1)
    expect(await cache.aget('page')).toBe(large('a'))
  })

  it('is overtaken by what comes after it', async () => {
    const { cache } = open()
    await cache.aset('page', large('a'), 60)
    const calls = [cache.atouch('page', HOUR), cache.aset('page', 'small', 90), cache.attl('page')]
    expect(await Promise.all(calls)).toEqual([true, undefined, 90])
    expect(await cache.attl('page')).toBe(90)
    await cache.aset('page', large('b'), 60)
    expect(await Promise.all([cache.atouch('page', HOUR), cache.adelete('page')])).toEqual([true, true])
    expect(await cache.ahasKey('page')).toBe(false)
  })

  it('keeps its place among the changes of one turn', async () => {
    const { cache } = open()
    const ttls: unknown[] = []
    for (const after of [
      () => cache.atouch('page', 30),
      () => cache.atouch('page', 2 * HOUR),
      () => cache.aadd('page', 'other'),
      () => cache.aset('page', 'small', 90),
      () => cache.aincrVersion('page'),
    ]) {
      await cache.aset('page', large('a'), 60)
      await Promise.all([cache.atouch('page', HOUR), after()])
      ttls.push(await cache.attl('page'))
    }
    expect(ttls).toEqual([30, 2 * HOUR, HOUR, 90, undefined])
    expect(await cache.attl('page', { version: 2 })).toBe(HOUR)
    expect(await cache.aget('page', { version: 2 })).toBe(large('a'))
  })
})

describe('a large value that never expires', () => {
  it.each([
    ['replaced', (cache: ReturnType<typeof open>['cache']) => cache.aset('page', 'small', null)],
    ['deleted', (cache: ReturnType<typeof open>['cache']) => cache.adelete('page')],
    ['cleared', (cache: ReturnType<typeof open>['cache']) => cache.aclear()],
  ])('and is %s is removed by the sweep, and no other', async (_, end) => {
    const { cache, blobs, pass, sweep } = open()
    await cache.aset('page', large('a'), null)
    await cache.aset('page', large('b'), null)
    await cache.aset('moved', large('c'), null)
    await cache.aincrVersion('moved')
    await end(cache)
    expect(await blobs()).toHaveLength(3)
    pass(2 * HOUR)
    await cache.aset('other', large('d'), null)
    expect(await sweep()).toBe(true)
    const kept = await cache.aget('moved', { version: 2 })
    expect(kept === undefined || kept === large('c')).toBe(true)
    expect(await blobs()).toHaveLength(kept === undefined ? 1 : 2)
    expect(await cache.aget('other')).toBe(large('d'))
  })

  it('is made known to its owner together with others of its turn', async () => {
    const { meter, cache, blobs } = open()
    await cache.asetMany({ a: large('a'), b: large('b'), c: large('c') }, null)
    expect(meter.costs()).toMatchObject({ kvWrites: 3, ownerCalls: 2 })
    expect(await blobs()).toHaveLength(3)
  })

  it('or further ahead than KV can say, is removed likewise', async () => {
    const { cache, blobs, pass, sweep } = open()
    await cache.aset('page', large('a'), 1_000_000_000)
    expect(await blobs()).toMatchObject([{ ends: undefined }])
    expect(await cache.aget('page')).toBe(large('a'))
    await cache.adelete('page')
    pass(2 * HOUR)
    await sweep()
    expect(await blobs()).toEqual([])
  })

  it('is looked for in portions, so that nobody waits long', async () => {
    const { owner, sweep, pass } = open()
    const at = Date.now()
    const names = Array.from({ length: 4_500 }, (_, index) => `${index}`)
    const entry = (name: string) => {
      const data = JSON.stringify({ name, format: 'json', bytes: 1, until: null, at })
      return { value: { format: 'blob', data }, expiresAt: null }
    }
    await owner.commit({
      changes: names.map((key) => ({ key, op: { kind: 'set', entry: entry(key) } })),
      now: at,
    })
    await owner.reserve({ blobs: names.slice(0, 50).map((name) => ({ name: `orphan-${name}`, key: name })) })
    pass(2 * HOUR)
    const pauses: (number | null)[] = []
    for (let round = 0; round < 3; round += 1) {
      await sweep()
      const alarm = await runInDurableObject(owner, (_, { storage }) => storage.getAlarm())
      pauses.push(alarm === null ? null : (alarm - Date.now()) / 1000)
    }
    // Then nothing is left to be done until something changes.
    expect(pauses).toEqual([1, 1, null])
    const left = await noted(owner)
    expect(left.sort()).toEqual(names.sort())
  })

  it('is deleted several at a time, and not so many that changed copies wait long', async () => {
    const { owner, sweep, pass } = open()
    let [deleted, underWay, atOnce] = [0, 0, 0]
    const kv = {
      delete: async () => {
        underWay += 1
        atOnce = Math.max(atOnce, underWay)
        await Promise.resolve()
        underWay -= 1
        deleted += 1
      },
    }
    await runInDurableObject(owner, (instance) => {
      Object.defineProperty(instance, 'kv', { value: kv })
    })
    await owner.reserve({
      blobs: Array.from({ length: 100 }, (_, index) => ({ name: `${index}`, key: 'key' })),
    })
    pass(2 * HOUR)
    await sweep()
    expect([deleted, atOnce]).toEqual([60, 6])
    await sweep()
    expect(deleted).toBe(100)
  })

  it('and was never pointed to is removed, too', async () => {
    const { cache, blobs, pass, sweep, name } = open()
    const stub = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
    const orphan = `${name}/v1/blobs/orphan`
    await stub.reserve({ blobs: [{ name: orphan, key: ':1:page' }] })
    await env.CACHE_KV.put(orphan, 'never pointed to')
    pass(2 * HOUR)
    await cache.aset('other', 1)
    await sweep()
    expect(await blobs()).toEqual([])
  })
})

describe('a large value with a deadline days away', () => {
  const MONTH = 30 * 86_400
  type Cache = ReturnType<typeof open>['cache']

  it.each<[string, number, (cache: Cache) => Promise<unknown>]>([
    [
      'replaced by others, twenty times',
      1,
      async (cache) => {
        for (let round = 0; round < 20; round += 1) await cache.aset('page', large('b'), MONTH)
      },
    ],
    ['replaced by a small one', 0, (cache) => cache.aset('page', 'small', MONTH)],
    ['replaced by what is dead already', 0, (cache) => cache.aset('page', large('b'), 0)],
    ['replaced by one that never expires', 1, (cache) => cache.aset('page', large('b'), null)],
    [
      'replaced in the same turn',
      1,
      (cache) =>
        cache.asetMany(
          [
            ['page', large('b')],
            ['page', large('c')],
          ],
          MONTH,
        ),
    ],
    ['deleted', 0, (cache) => cache.adelete('page')],
    ['taken out', 0, (cache) => cache.apop('page')],
    ['cleared', 0, (cache) => cache.aclear()],
    ['not to be added, since it is there', 1, (cache) => cache.aadd('page', large('b'), MONTH)],
    ['touched to expire soon', 0, (cache) => cache.atouch('page', 60)],
    ['touched to live on', 1, (cache) => cache.atouch('page', 2 * MONTH)],
    ['moved, and left alone', 1, (cache) => cache.aincrVersion('page')],
    [
      'moved, and deleted there',
      0,
      async (cache) => {
        await cache.aincrVersion('page')
        await cache.adelete('page', { version: 2 })
      },
    ],
  ])('and is %s leaves %d behind', async (_, kept, end) => {
    const { cache, blobs, pass, alarmAt, sweep } = open()
    await cache.aset('page', large('a'), MONTH)
    await end(cache)
    // Within an hour, without another call.
    pass(HOUR)
    const alarm = await alarmAt()
    expect(alarm).toBeLessThanOrEqual(Date.now())
    await sweep()
    expect(await blobs()).toHaveLength(kept)
    const values = [await cache.aget('page'), await cache.aget('page', { version: 2 })]
    expect(values.filter((value) => typeof value === 'string' && value.length > 10)).toHaveLength(kept)
  })

  it('and was written a moment before the sweep is looked at again as soon as it is old enough', async () => {
    const { cache, blobs, pass, sweep, alarmAt } = open()
    await cache.aset('page', large('a'), MONTH)
    pass(3_000)
    await cache.aset('page', large('b'), MONTH)
    await cache.adelete('page')
    pass(600)
    await sweep()
    expect(await blobs()).toHaveLength(1)
    const alarm = (await alarmAt()) ?? 0
    expect((alarm - Date.now()) / 1000).toBe(600)
    pass(600)
    await sweep()
    expect(await blobs()).toEqual([])
    expect(await alarmAt()).toBeNull()
  })

  it('and is taken out is there for whoever takes it, when the sweep comes in between', async () => {
    const { cache, blobs, pass, sweep, owner } = open()
    await cache.aset('page', large('a'), MONTH)
    pass(2 * HOUR)
    const now = Date.now()
    await owner.commit({ changes: [{ key: ':1:page', op: { kind: 'pop' } }], now })
    await sweep()
    expect(await blobs()).toHaveLength(1)
    pass(HOUR)
    await sweep()
    expect(await blobs()).toEqual([])
  })

  it('is not deleted from KV, which costs, if KV has dropped it by itself', async () => {
    const { cache, pass, sweep, owner } = open()
    const deleted: string[] = []
    const kv = { delete: async (name: string) => void deleted.push(name) }
    await runInDurableObject(owner, (instance) => {
      Object.defineProperty(instance, 'kv', { value: kv })
    })
    await cache.aset('page', large('a'), 2 * HOUR)
    pass(3 * HOUR)
    await sweep()
    expect(deleted).toEqual([])
    expect(await noted(owner)).toEqual([])
  })

  it('within the hour is left to KV, and costs its owner nothing', async () => {
    const { cache, owner } = open()
    await cache.aset('warm', 1)
    const { written } = await owner.billedRows()
    await cache.aset('page', large('a'), HOUR)
    expect((await owner.billedRows()).written - written).toBe(1)
    expect(await noted(owner)).toEqual([])
  })

  it('has nobody woken while nothing changes', async () => {
    const { cache, pass, sweep, alarmAt } = open()
    await cache.aset('page', large('a'), MONTH)
    pass(HOUR)
    await sweep()
    expect(((await alarmAt()) ?? 0) / 1000 - Date.now() / 1000).toBeGreaterThan(29 * 86_400)
    await cache.aset('small', 1, MONTH)
    await expect.poll(alarmAt).toBeLessThanOrEqual(Date.now() + HOUR * 1000)
  })
})

describe('large values that an earlier version stored', () => {
  it('are read, and collected', async () => {
    const { name, cache, owner, blobs, pass, sweep } = open()
    const at = Date.now()
    const pointer = (blob: string, until: number | null) => {
      const data = JSON.stringify({ name: blob, format: 'json', bytes: 200_002, until, at })
      return { value: { format: 'blob', data }, expiresAt: until }
    }
    const names = ['a', 'b', 'c'].map((blob) => `${name}/v1/blobs/${blob}`)
    const [forEver = '', orphan = '', expiring = ''] = names
    for (const blob of names) await env.CACHE_KV.put(blob, JSON.stringify(large('a')))
    await runInDurableObject(owner, (_, { storage: { sql } }) => {
      sql.exec('DROP TABLE blob_notes')
      sql.exec(`CREATE TABLE blobs (
        name TEXT PRIMARY KEY,
        key TEXT NOT NULL,
        noted_at INTEGER NOT NULL
      ) WITHOUT ROWID`)
      for (const blob of [forEver, orphan]) sql.exec('INSERT INTO blobs VALUES (?, ?, ?)', blob, ':1:a', at)
      for (const [key, entry] of [
        [':1:a', pointer(forEver, null)],
        [':1:c', pointer(expiring, at + 30 * 86_400_000)],
      ] as const) {
        const { value, expiresAt } = entry
        sql.exec(
          'INSERT INTO entries (key, expires_at, format, value) VALUES (?, ?, ?, ?)',
          key,
          expiresAt,
          value.format,
          value.data,
        )
      }
    })
    await evictDurableObject(owner)
    expect(await cache.aget('a')).toBe(large('a'))
    expect(await cache.aget('c')).toBe(large('a'))
    pass(2 * HOUR)
    await cache.aset('other', 1)
    await sweep()
    expect((await blobs()).map(({ blob }) => blob)).toEqual([forEver, expiring])
    await cache.adelete('a')
    pass(2 * HOUR)
    await sweep()
    expect((await blobs()).map(({ blob }) => blob)).toEqual([expiring])
  })
})

describe('a clock that is not KV’s', () => {
  it.each([-86_400, -600, 600, 86_400])(
    'and is %d seconds off keeps nothing from being written',
    async (off) => {
      const kv = laggingKV({ clock: Date.now, random: () => 0, visibility: 0 })
      const { adapter } = open({ kv: kv.at('paris') })
      const cache = createCache({ adapter, clock: () => Date.now() + off * 1000 })
      for (const timeout of [1, 60, 86_400, null]) {
        await cache.aset('page', large('a'), timeout)
        expect(await cache.aget('page')).toBe(large('a'))
      }
    },
  )
})

describe('a blob that cannot be seen yet', () => {
  it('is an error that passes, not a miss, and never another value', async () => {
    const kv = laggingKV({ clock: Date.now, random: () => 0.999, visibility: 10 })
    const { name, cache, pass } = open({ kv: kv.at('paris') })
    const tokyo = kvAdapter({ kv: kv.at('tokyo'), shards: env.CACHE_SHARDS, name, shardCount: 1 })
    const elsewhere = createCache({ adapter: tokyo })
    await cache.aset('page', large('a'), HOUR)
    expect(await elsewhere.ahasKey('page')).toBe(true)
    await expect(elsewhere.aget('page')).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      cause: { message: expect.stringContaining('not visible here yet') },
    })
    await cache.aset('other', large('a'), HOUR)
    await expect(elsewhere.apop('other')).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      cause: { message: expect.stringContaining('it is gone') },
    })
    expect(await cache.ahasKey('other')).toBe(false)
    // A location keeps also that there was nothing.
    pass(30)
    expect(await elsewhere.aget('page')).toBe(large('a'))
    await cache.aset('page', large('b'), HOUR)
    pass(10)
    expect(await elsewhere.aget('page', { fresh: true })).toBe(large('b'))
  })
})

describe('a blob that is lost', () => {
  it('is a miss, and its entry is dropped', async () => {
    const { cache, blobs, pass } = open({ reads: 'owner' })
    await cache.aset('page', large('a'), HOUR)
    for (const { blob } of await blobs()) await env.CACHE_KV.delete(blob)
    // It may be that it cannot be seen here yet: that is not a miss.
    await expect(cache.aget('page')).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
    pass(700)
    expect(await cache.aget('page')).toBeUndefined()
    expect(await cache.ahasKey('page')).toBe(false)
    expect(await cache.aadd('page', large('b'))).toBe(true)
    expect(await cache.aget('page')).toBe(large('b'))
  })

  it('is a miss to who takes it out, whatever was stored since', async () => {
    const { cache, blobs, pass } = open()
    await cache.aset('page', large('a'), HOUR)
    for (const { blob } of await blobs()) await env.CACHE_KV.delete(blob)
    pass(700)
    expect(await Promise.all([cache.apop('page'), cache.aset('page', 'new')])).toEqual([undefined, undefined])
    expect(await cache.aget('page')).toBe('new')
  })

  it('is not missed where the owner has another by now', async () => {
    const { name, cache, blobs, pass, sweep } = open()
    await cache.aset('page', large('a'), HOUR)
    pass(61)
    const { CACHE_KV: kv } = env
    const elsewhere = () =>
      standForIsolate<CacheKVNamespace>({
        getWithMetadata: kv.getWithMetadata.bind(kv) as CacheKVNamespace['getWithMetadata'],
        get: kv.get.bind(kv) as CacheKVNamespace['get'],
        put: kv.put.bind(kv) as CacheKVNamespace['put'],
        delete: kv.delete.bind(kv),
      })
    const isolate = () =>
      createCache({
        adapter: kvAdapter({ kv: elsewhere(), shards: env.CACHE_SHARDS, name, shardCount: 1 }),
      })
    expect(await isolate().aget('page')).toBe(large('a'))
    await sweep()
    const [first] = await blobs()
    await cache.aset('page', large('b'), HOUR)
    await env.CACHE_KV.delete(first?.blob ?? '')
    pass(700)
    // The copy is of before, and points to nothing.
    expect(await isolate().aget('page')).toBe(large('b'))
  })
})

describe('KV failing', () => {
  it('leaves what was there, and fails only whose value it was', async () => {
    const kv: CacheKVNamespace = {
      getWithMetadata: env.CACHE_KV.getWithMetadata.bind(env.CACHE_KV) as CacheKVNamespace['getWithMetadata'],
      get: env.CACHE_KV.get.bind(env.CACHE_KV) as CacheKVNamespace['get'],
      put: () => Promise.reject(new Error('KV PUT failed: 429 Too Many Requests')),
      delete: env.CACHE_KV.delete.bind(env.CACHE_KV),
    }
    const { cache } = open({ kv })
    await cache.aset('page', 'old')
    const [failed, other] = await Promise.allSettled([cache.aset('page', large('a')), cache.aset('other', 1)])
    expect(failed.status === 'rejected' && isCacheError(failed.reason, 'ADAPTER_FAILED')).toBe(true)
    expect(other.status).toBe('fulfilled')
    expect(await cache.aget('page')).toBe('old')
    expect(await cache.aget('other')).toBe(1)
  })
})

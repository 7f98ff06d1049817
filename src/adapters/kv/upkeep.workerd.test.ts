import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { laggingKV } from '../../testing/lagging-kv/index.ts'
import { kvAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import { kvNamesOf } from './kv-names.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { Rows } from './protocol.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const large = 'a'.repeat(200_000)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The real namespace, whose writes fail as `fault` says; `attempts` counts those that did. */
function failingKV(fault: () => string | undefined) {
  const { CACHE_KV: real } = env
  const counts = { attempts: 0 }
  const fail = (method: string) => {
    const text = fault()
    if (text === undefined) return
    counts.attempts += 1
    throw new Error(`KV ${method} failed: ${text}`)
  }
  const kv = standForIsolate<CacheKVNamespace>({
    getWithMetadata: real.getWithMetadata.bind(real) as CacheKVNamespace['getWithMetadata'],
    get: real.get.bind(real) as CacheKVNamespace['get'],
    async put(key, value, options) {
      fail('PUT')
      await real.put(key, value, options as KVNamespacePutOptions)
    },
    async delete(key) {
      fail('DELETE')
      await real.delete(key)
    },
  })
  return { kv, counts }
}

function open() {
  const name = crypto.randomUUID()
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  const faults: unknown[] = []
  const alarmAt = () => runInDurableObject(owner, (_, { storage }) => storage.getAlarm())
  return {
    owner,
    faults,
    names: kvNamesOf(env.CACHE_SHARDS, name, 1),
    /** Each an isolate of its own. */
    cache: () => {
      const { kv } = failingKV(() => undefined)
      return createCache({ adapter: kvAdapter({ kv, shards: env.CACHE_SHARDS, name, shardCount: 1 }) })
    },
    /** Has the class find this namespace, in this instance of the object. */
    give: (kv: PropertyDescriptor, onFault: (fault: unknown) => unknown = (fault) => faults.push(fault)) =>
      runInDurableObject(owner, (instance) => {
        Object.defineProperty(instance, 'kv', { configurable: true, ...kv })
        Object.defineProperty(instance, 'onFault', { configurable: true, value: onFault })
      }),
    alarmAt,
    pass: (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds),
    /** Lets each alarm ring at its time until none is left, and gives how long after now each was. */
    ringToTheEnd: async (most: number) => {
      const start = Date.now()
      const after: number[] = []
      for (let at = await alarmAt(); at !== null; at = await alarmAt()) {
        if (after.length === most) throw new Error(`Alarms without end: ${after}`)
        vi.setSystemTime(Math.max(at, Date.now()))
        await runDurableObjectAlarm(owner)
        after.push(Date.now() - start)
      }
      return after
    },
  }
}

const NO_KV: readonly [string, PropertyDescriptor][] = [
  ['none', { value: undefined }],
  ['null', { value: null }],
  [
    'one that fails to be found',
    {
      get: () => {
        throw new Error('no such binding')
      },
    },
  ],
]

describe('an owner whose class finds no KV any more', () => {
  it.each(NO_KV)('(%s) gives up its copies when they have lapsed, and says so once', async (_, kv) => {
    const { owner, cache, give, faults, pass, ringToTheEnd } = open()
    const writer = cache()
    await writer.asetMany({ a: 'first', b: 'first' }, null)
    await cache().agetMany(['a', 'b'])
    await runDurableObjectAlarm(owner)
    await give(kv)
    await writer.aset('a', 'second', null)
    await writer.adelete('b')
    const rings = await ringToTheEnd(5)
    expect(rings.at(-1)).toBeLessThanOrEqual(2 * HOUR)
    expect(faults.map(String)).toEqual([expect.stringContaining('finds no KV namespace')])
    // It goes on as before, and nothing was lost.
    await writer.aset('c', 'third', null)
    expect(await writer.agetMany(['a', 'b', 'c'], { fresh: true })).toEqual(
      new Map([
        ['a', 'second'],
        ['c', 'third'],
      ]),
    )
    pass(HOUR)
    expect(await ringToTheEnd(1)).toEqual([])
  })

  it.each(NO_KV)('(%s) gives up a clear that it cannot announce', async (_, kv) => {
    const { owner, cache, give, ringToTheEnd, faults } = open()
    await cache().aset('key', 'value', null)
    await cache().aget('key')
    await runDurableObjectAlarm(owner)
    await give(kv)
    await cache().aclear()
    const rings = await ringToTheEnd(5)
    expect(rings.at(-1)).toBeLessThanOrEqual(2 * HOUR)
    expect(faults).toHaveLength(1)
  })

  it.each(NO_KV)('(%s) says that large values cannot be deleted, and does once it can', async (_, kv) => {
    const { owner, cache, give, faults, names, pass, ringToTheEnd } = open()
    await cache().aset('page', large, null)
    await cache().adelete('page')
    pass(HOUR)
    await give(kv)
    await ringToTheEnd(3)
    expect(faults.map(String)).toEqual([expect.stringContaining('nor delete large values')])
    await evictDurableObject(owner)
    await cache().aset('small', 1, null)
    await ringToTheEnd(3)
    expect((await env.CACHE_KV.list({ prefix: names.blobs })).keys).toEqual([])
  })

  it('writes its copies soon once it finds one again', async () => {
    const { owner, cache, give, names, alarmAt, pass } = open()
    const writer = cache()
    await writer.aset('key', 'first', null)
    await cache().aget('key')
    await runDurableObjectAlarm(owner)
    await give({ value: undefined })
    await writer.aset('key', 'second', null)
    await runDurableObjectAlarm(owner)
    pass(10 * MINUTE)
    await evictDurableObject(owner)
    await cache().aget('key', { fresh: true })
    await expect.poll(alarmAt).toBeLessThanOrEqual(Date.now() + 1_000)
    await runDurableObjectAlarm(owner)
    expect(await env.CACHE_KV.get(`${names.replicas}:1:key`)).toBe('"second"')
  })
})

describe('an owner whose KV refuses', () => {
  it.each(['403 Forbidden', '404 Not Found'])(
    'for good, with %s, tells of it once, and gives up',
    async (text) => {
      const { owner, cache, give, faults, ringToTheEnd } = open()
      const { kv, counts } = failingKV(() => text)
      await cache().aset('key', 'first', null)
      await cache().aget('key')
      await runDurableObjectAlarm(owner)
      await give({ value: kv })
      await cache().aset('key', 'second', null)
      await cache().aclear()
      const rings = await ringToTheEnd(20)
      expect(rings.at(-1)).toBeLessThanOrEqual(2 * HOUR)
      expect(counts.attempts).toBeLessThanOrEqual(2 * 10)
      expect(faults.map(String)).toEqual([`Error: KV DELETE failed: ${text}`])
    },
  )

  it('for long, with 500, gives up as well, and tells each time', async () => {
    const { owner, cache, give, faults, ringToTheEnd } = open()
    const { kv, counts } = failingKV(() => '500 Internal Server Error')
    await cache().aset('key', 'first', null)
    await cache().aget('key')
    await runDurableObjectAlarm(owner)
    await give({ value: kv })
    await cache().aclear()
    const rings = await ringToTheEnd(100)
    expect(rings.at(-1)).toBeLessThanOrEqual(2 * HOUR)
    expect(faults).toHaveLength(counts.attempts)
  })

  it.each([
    ['500 Internal Server Error', [10, 20, 40, 80]],
    ['403 Forbidden', [60, 120, 240, 480]],
  ])('to delete large values, with %s, is asked at longer and longer intervals', async (text, minutes) => {
    const { owner, cache, give, pass, alarmAt, names } = open()
    let isDown = true
    const { kv } = failingKV(() => (isDown ? text : undefined))
    await give({ value: kv })
    await cache().aset('page', large, null)
    await cache().adelete('page')
    pass(HOUR)
    const pauses: number[] = []
    for (const _ of minutes) {
      await runDurableObjectAlarm(owner)
      const at = (await alarmAt()) ?? 0
      pauses.push((at - Date.now()) / MINUTE)
      pass(at - Date.now())
    }
    expect(pauses).toEqual(minutes)
    isDown = false
    await runDurableObjectAlarm(owner)
    expect((await env.CACHE_KV.list({ prefix: names.blobs })).keys).toEqual([])
  })
})

describe('an owner whose clock is not KV’s', () => {
  it.each([-86_400, -600, 600, 86_400])('(KV’s is %d seconds ahead) writes its copies', async (ahead) => {
    const { owner, cache, give, faults } = open()
    const kv = laggingKV({ clock: () => Date.now() + ahead * 1000, random: () => 0, visibility: 0 }).at(
      'home',
    )
    await give({ value: kv })
    const values = { short: 10, minute: 60, days: 10 * 86_400, forEver: null }
    for (const [key, timeout] of Object.entries(values)) await cache().aset(key, 'value', timeout)
    await cache().agetMany(Object.keys(values))
    await cache().aclear()
    await cache().aset('short', 'value', 10)
    await runDurableObjectAlarm(owner)
    expect(faults).toEqual([])
  })
})

describe('what an owner is told by its class', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('Nobody listens')
      },
    ],
    ['rejects', () => Promise.reject(new Error('Nobody listens'))],
  ])('may be an onFault that %s', async (_, onFault) => {
    const { owner, cache, give, names, pass } = open()
    let isDown = true
    const { kv } = failingKV(() => (isDown ? '500 Internal Server Error' : undefined))
    await give({ value: kv }, onFault)
    using log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await cache().aset('key', 'value', null)
    await cache().aget('key')
    await runDurableObjectAlarm(owner)
    expect(log).toHaveBeenCalledWith('nearcache: onFault of CacheShard failed', new Error('Nobody listens'))
    isDown = false
    pass(2_000)
    await runDurableObjectAlarm(owner)
    expect(await env.CACHE_KV.get(`${names.replicas}:1:key`)).toBe('"value"')
  })

  it.each(NO_KV)('may be that there is no KV (%s): near reads say what to bind', async (_, kv) => {
    const { cache, give } = open()
    await give(kv)
    const writer = cache()
    await writer.aset('key', 'value')
    await expect(cache().aget('key')).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      cause: { message: expect.stringContaining('bind the one of kvAdapter as CACHE_KV') },
    })
    expect(await writer.aget('key', { fresh: true })).toBe('value')
  })
})

describe('what an owner believes', () => {
  it('of its alarm is looked at again once it should have rung', async () => {
    const { owner, cache, alarmAt, pass } = open()
    const writer = cache()
    await writer.aset('key', 'first', null)
    await cache().aget('key')
    await runInDurableObject(owner, (_, { storage }) => storage.deleteAlarm())
    pass(30_000)
    await writer.aget('key', { fresh: true })
    expect(await alarmAt()).toBeNull()
    pass(60_000)
    await writer.aget('key', { fresh: true })
    await expect.poll(alarmAt).toBeLessThanOrEqual(Date.now() + 1_000)
  })

  it('of an alarm of days ahead is looked at again after an hour', async () => {
    const { owner, cache, alarmAt, pass } = open()
    await cache().aset('key', 'value', 86_400)
    await expect.poll(alarmAt).not.toBeNull()
    await runInDurableObject(owner, (_, { storage }) => storage.deleteAlarm())
    await cache().aset('key', 'value', 2 * 86_400)
    expect(await alarmAt()).toBeNull()
    pass(HOUR)
    await cache().aset('key', 'value', 2 * 86_400)
    await expect.poll(alarmAt).not.toBeNull()
  })

  it('of its copies ends with them', async () => {
    const { owner, cache, pass } = open()
    const writer = cache()
    await writer.aset('key', 'value', null)
    await cache().aget('key')
    await runDurableObjectAlarm(owner)
    const commit = async (): Promise<Rows> => {
      const before = await owner.billedRows()
      await owner.commit({ changes: [set], now: Date.now() })
      const after = await owner.billedRows()
      return { read: after.read - before.read, written: after.written - before.written }
    }
    const set = { key: ':1:key', op: { kind: 'set', entry: { value: 1, expiresAt: null } } } as const
    expect(await commit()).toEqual({ read: 1, written: 2 })
    pass(2 * HOUR)
    await runDurableObjectAlarm(owner)
    expect(await commit()).toEqual({ read: 0, written: 1 })
  })

  it('is what is stored, also after a statement failed in the middle of several', async () => {
    const { owner, cache, names } = open()
    const writer = cache()
    await writer.asetMany({ a: 'stored', b: 'stored' }, null)
    const breakOn = (statement: string | undefined) =>
      runInDurableObject(owner, (_, { storage: { sql } }) => {
        const { exec } = Object.getPrototypeOf(sql)
        sql.exec = (query: string, ...bindings: unknown[]) => {
          if (statement !== undefined && query.includes(statement)) throw new Error('disk full')
          return exec.call(sql, query, ...bindings)
        }
      })
    await breakOn('INSERT INTO settings')
    const failed = await owner
      .clear({ scope: ':1:', announce: names.clears })
      .catch((error: unknown) => error)
    expect(String(failed)).toContain('disk full')
    await breakOn(undefined)
    expect(await writer.agetMany(['a', 'b'], { fresh: true })).toEqual(
      new Map([
        ['a', 'stored'],
        ['b', 'stored'],
      ]),
    )
    await writer.aclear()
    expect(await writer.agetMany(['a', 'b'], { fresh: true })).toEqual(new Map())
  })

  it('does not end its alarms: one that fails is tried again', async () => {
    const { owner, cache, alarmAt, faults, give } = open()
    await give({ value: env.CACHE_KV })
    await cache().aset('key', 'value', 86_400)
    await runInDurableObject(owner, (_, { storage: { sql } }) => {
      const { exec } = Object.getPrototypeOf(sql)
      sql.exec = (query: string, ...bindings: unknown[]) => {
        if (query.includes('DELETE FROM entries')) throw new Error('disk failed')
        return exec.call(sql, query, ...bindings)
      }
    })
    const pauses: number[] = []
    for (let round = 0; round < 3; round += 1) {
      await runDurableObjectAlarm(owner)
      pauses.push(((await alarmAt()) ?? 0) - Date.now())
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000])
    expect(faults.map(String)).toEqual(Array(3).fill('Error: disk failed'))
  })
})

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import type { CacheOptions } from '../../core/options.ts'
import { type CacheKVNamespace, countOperations, kvAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'

const HOUR_MS = 3_600_000
const WEEK = 604_800

afterEach(() => {
  vi.useRealTimers()
})

/** A cache with one owner, and what can be seen inside of it. */
function open() {
  const name = crypto.randomUUID()
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  const meter = countOperations()
  /** Each is another isolate, which remembers nothing. */
  const isolate = (options: Partial<CacheOptions> = {}) => {
    const kv = standForIsolate(meter.kv(env.CACHE_KV as CacheKVNamespace))
    const shards = meter.shards(env.CACHE_SHARDS)
    return createCache({ adapter: kvAdapter({ kv, shards, name, shardCount: 1 }), ...options })
  }
  const query = (sql: string) =>
    runInDurableObject(owner, (_, { storage }) =>
      storage.sql.exec<Record<string, SqlStorageValue>>(sql).toArray(),
    )
  const alarm = () => runDurableObjectAlarm(owner)
  return { name, owner, meter, isolate, query, alarm }
}

function pass(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds)
}

describe('tags at the edge', () => {
  it('are invalidated for other isolates once they learn of it, and for their own at once', async () => {
    const { isolate, alarm } = open()
    const [writer, reader] = [isolate(), isolate()]
    await writer.asetMany({ a: 'one', b: 'two' }, { tags: ['posts'] })
    await writer.aset('c', 'three', { tags: ['users'] })
    await reader.agetMany(['a', 'b', 'c'])
    await alarm()
    const near = isolate()
    expect(await near.aget('a')).toBe('one')
    await writer.adeleteTags('posts')
    expect(await writer.aget('a')).toBeUndefined()
    expect(await near.aget('b', { fresh: true })).toBeUndefined()
    await alarm()
    const later = isolate()
    const found = await later.agetMany(['a', 'b', 'c'])
    expect([...found]).toEqual([['c', 'three']])
  })

  it('do not concern what is written afterwards, through replicas as well', async () => {
    const { isolate, alarm } = open()
    const writer = isolate()
    await writer.aset('a', 'old', { tags: ['posts'] })
    await writer.adeleteTags('posts')
    await writer.aset('a', 'new', { tags: ['posts'] })
    await isolate().aget('a')
    await alarm()
    expect(await isolate().aget('a')).toBe('new')
  })

  it('that become stale keep the time at which they first did', async () => {
    const { isolate } = open()
    let now = 1_000_000
    const cache = isolate({ clock: () => now })
    await cache.aset('a', 'old', { timeout: 1_000, staleWhileRevalidate: 100, tags: ['posts'] })
    await cache.aexpireTags('posts')
    now += 90_000
    await cache.aexpireTags('posts')
    expect(await cache.aget('a')).toBeUndefined()
    expect(await cache.aentry('a')).toMatchObject({ value: 'old', isStale: true })
    now += 20_000
    expect(await cache.aentry('a')).toBeUndefined()
  })

  it('take no row per value, and the sweep removes or rewrites the rows once', async () => {
    const { isolate, query, alarm } = open()
    const cache = isolate()
    const values = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key:${index}`, index]))
    await cache.asetMany(values, { tags: ['gone'], timeout: null })
    await cache.aset('stale', 'text', { tags: ['old'], timeout: null, staleIfError: null })
    await cache.aset('other', 'text', { tags: ['kept'], timeout: null })
    await cache.aset('plain', 'text', null)
    await cache.adeleteTags('gone')
    await cache.aexpireTags('old')
    expect(await query('SELECT key FROM entries')).toHaveLength(53)
    await alarm()
    // The first alarm told readers of it.
    await alarm()
    expect(await query('SELECT key FROM entries ORDER BY key')).toEqual([
      { key: ':1:other' },
      { key: ':1:plain' },
      { key: ':1:stale' },
    ])
    expect(await query('SELECT swept FROM clears')).toEqual([{ swept: 1 }, { swept: 1 }])
    expect(await cache.aget('stale', { fresh: true })).toBeUndefined()
    expect(await cache.aentry('stale')).toMatchObject({ value: 'text', isStale: true })
    vi.useFakeTimers({ toFake: ['Date'] })
    pass(3 * HOUR_MS)
    await cache.aset('later', 1, 1)
    await alarm()
    // The last generation is never forgotten.
    expect(await query('SELECT swept FROM clears')).toHaveLength(1)
    expect(await cache.aentry('stale')).toMatchObject({ value: 'text', isStale: true })
  })

  it('are swept in several alarms where there are many values', async () => {
    const { isolate, query, alarm, owner } = open()
    const cache = isolate()
    await cache.aset('warm', 1)
    await runInDurableObject(owner, (_, { storage }) => {
      const metadata = (tag: string) => JSON.stringify({ storedAt: 0, tags: [`:${tag}`], freshUntil: null })
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 24999)
         INSERT INTO entries (key, expires_at, metadata, format, value)
         SELECT ':1:many:' || i, NULL, CASE i % 2 WHEN 0 THEN ? ELSE ? END, 'integer', i FROM n`,
        metadata('even'),
        metadata('odd'),
      )
    })
    expect(await cache.aget('many:24999')).toBe(24_999)
    await cache.adeleteTags('even')
    expect(await cache.aget('many:24998')).toBeUndefined()
    for (let alarms = 0; alarms < 6; alarms += 1) await alarm()
    expect(await query('SELECT count(*) AS n FROM entries')).toEqual([{ n: 12_501 }])
    expect(await cache.aget('many:24999')).toBe(24_999)
  })

  it('survive the eviction of the object', async () => {
    const { isolate, owner } = open()
    const cache = isolate()
    await cache.aset('a', 1, { tags: ['posts'] })
    await cache.adeleteTags('posts')
    await evictDurableObject(owner)
    expect(await cache.aget('a', { fresh: true })).toBeUndefined()
    await cache.aset('a', 2, { tags: ['posts'] })
    await evictDurableObject(owner)
    expect(await cache.aget('a', { fresh: true })).toBe(2)
  })

  it('are forgotten by halves where there are too many, and then count as invalidated', async () => {
    const { isolate, query } = open()
    const cache = isolate()
    await cache.aset('tagged', 1, { tags: ['one of many'] })
    await cache.aset('plain', 1)
    const tags = Array.from({ length: 10_050 }, (_, index) => `tag:${index}`)
    await cache.adeleteTags(...tags)
    const [{ names } = { names: 0 }] = await query('SELECT count(*) AS names FROM clears')
    expect(names).toBeLessThan(10_000)
    expect(await cache.aget('tagged', { fresh: true })).toBeUndefined()
    expect(await cache.aget('plain', { fresh: true })).toBe(1)
    await cache.aset('tagged', 2, { tags: ['one of many'] })
    expect(await cache.aget('tagged', { fresh: true })).toBe(2)
  })

  it('that become stale often take eight rows', async () => {
    const { isolate, query } = open()
    let now = 1_000_000
    const cache = isolate({ clock: () => now })
    for (let times = 0; times < 20; times += 1) {
      await cache.aset(`key:${times}`, times, { tags: ['posts'], staleIfError: WEEK })
      await cache.aexpireTags('posts')
      now += 1_000
    }
    expect(await query('SELECT scope FROM clears')).toHaveLength(8)
    for (let times = 0; times < 20; times += 1) {
      expect(await cache.aget(`key:${times}`, { fresh: true })).toBeUndefined()
      expect(await cache.aentry(`key:${times}`)).toMatchObject({ value: times, isStale: true })
    }
    await cache.adeleteTags('posts')
    expect(await query('SELECT scope FROM clears')).toHaveLength(1)
  })

  it('that take too much space leave a value without a replica', async () => {
    const { isolate, alarm, meter } = open()
    const tags = Array.from({ length: 40 }, (_, index) => `a-rather-long-tag:${index}`)
    await isolate().aset('key', 'value', { tags })
    await isolate().aget('key')
    await alarm()
    const before = meter.costs()
    expect(await isolate().aget('key')).toBe('value')
    expect(meter.costs().ownerCalls - before.ownerCalls).toBe(1)
    expect(meter.costs().kvWrites).toBe(0)
  })

  it('cost a near hit nothing: 100,000 reads by 8 isolates, over 10 periods', {
    timeout: 60_000,
  }, async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { isolate, alarm, meter } = open()
    const KEYS = 200
    const writer = isolate({ timeout: null })
    const keys = Array.from({ length: KEYS }, (_, index) => `page:${index}`)
    for (const [index, key] of keys.entries())
      await writer.aset(key, { index }, { tags: [`t:${index % 10}`] })
    await writer.aexpireTags('unused')
    await isolate().agetMany(keys)
    pass(1_500)
    await alarm()
    const isolates = Array.from({ length: 8 }, () => isolate())
    const next = random(1)
    // Zipf with exponent 1, by the inverse of its continuous distribution function.
    const zipf = () => Math.min(KEYS, Math.floor((KEYS + 1) ** next())) - 1
    const before = meter.costs()
    let reads = 0
    let expected = 0
    for (let period = 0; period < 10; period += 1) {
      for (const one of isolates) {
        for (let turn = 0; turn < 5; turn += 1) {
          const wanted = Array.from({ length: 250 }, () => keys[zipf()] as string)
          const found = await Promise.all(wanted.map((key) => one.aget(key)))
          expect(found).not.toContain(undefined)
          reads += wanted.length
          // Callers of one turn share the read of a key.
          expected += new Set(wanted).size
        }
      }
      pass(60_000)
    }
    const after = meter.costs()
    expect(reads).toBe(100_000)
    expect(after.ownerCalls - before.ownerCalls).toBe(0)
    expect(after.kvReads - before.kvReads).toBe(expected + 80)
  })
})

/** A small generator of pseudorandom numbers (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('the table of an earlier version', () => {
  it.each([
    ['with generations', 'generation INTEGER NOT NULL DEFAULT 0,'],
    ['without generations', ''],
  ])('gets the columns, %s', async (_, generation) => {
    const { isolate, owner, query } = open()
    await isolate().aset('warm', 1)
    await runInDurableObject(owner, (__, { storage }) => {
      storage.sql.exec('DROP TABLE entries')
      storage.sql.exec(
        `CREATE TABLE entries (key TEXT PRIMARY KEY, expires_at INTEGER, ${generation}
         format TEXT NOT NULL, value NOT NULL) WITHOUT ROWID`,
      )
      storage.sql.exec(
        `INSERT INTO entries (key, expires_at, format, value) VALUES
         (':1:count', NULL, 'integer', 7), (':1:text', ?, 'json', '"old"')`,
        Date.now() + 60_000,
      )
    })
    await evictDurableObject(owner)
    const cache = isolate()
    expect(await cache.aget('text')).toBe('old')
    expect(await cache.aincr('count')).toBe(8)
    await cache.aset('tagged', 'new', { tags: ['posts'], staleWhileRevalidate: 10 })
    await cache.adeleteTags('posts')
    expect(await cache.aget('tagged')).toBeUndefined()
    expect(await query('SELECT key FROM entries ORDER BY key')).toHaveLength(3)
    // An earlier version, deployed again, replaces the columns that it knows.
    await runInDurableObject(owner, (__, { storage }) => {
      storage.sql.exec(
        `UPDATE entries SET value = '"theirs"', expires_at = ?, generation = 9e15 WHERE key = ':1:tagged'`,
        Date.now() + 90_000,
      )
    })
    expect(await cache.aget('tagged', { fresh: true })).toBe('theirs')
  })
})

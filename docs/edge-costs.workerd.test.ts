import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  type CacheKVNamespace,
  type Costs,
  countOperations,
  kvAdapter,
  kvOnlyAdapter,
  type OperationMeter,
} from '../src/adapters/kv/index.ts'
import { standForIsolate } from '../src/adapters/kv/isolate-memories.ts'
import { type AsyncCache, createCache, isCacheError } from '../src/index.ts'
import { type Bill, CALLS, LATER } from './edge-costs.ts'

/** The real namespace as another isolate has it, which remembers nothing. */
function anotherIsolate(meter: OperationMeter): CacheKVNamespace {
  return standForIsolate(meter.kv(env.CACHE_KV as CacheKVNamespace))
}

type Place = 'near' | 'owners' | 'alone'

function adapterOf(place: Place, name: string, shardCount: number, meter = countOperations()) {
  const kv = anotherIsolate(meter)
  if (place === 'alone') return kvOnlyAdapter({ kv, name })
  const options = { shards: meter.shards(env.CACHE_SHARDS), name, shardCount }
  return kvAdapter(place === 'near' ? { ...options, kv } : options)
}

type Use = (cache: AsyncCache) => Promise<unknown>

interface Case {
  /** What another isolate stored before. */
  readonly stored?: Use
  /** The keys that have replicas before the call. */
  readonly copied?: readonly string[]
  /** What the isolate that calls did before. */
  readonly before?: Use
  /** One of these, each for itself. */
  readonly calls: readonly Use[]
  readonly keyPrefix?: string
  /** As many owners as a cache has unless configured, where that makes a difference. Default 1. */
  readonly shardCount?: number
}

const user = { name: 'Ada' }
const large = 'a'.repeat(200_000)
const keys = Array.from({ length: 100 }, (_, index) => `key:${index}`)
const users = Object.fromEntries(keys.map((key) => [key, user]))

const storeUser: Use = (cache) => cache.aset('user', user)
const storeUsers: Use = (cache) => cache.asetMany(users)
const drain = async (listing: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of listing);
}
const storeStale: Use = (cache) => cache.aset('user', user, { staleWhileRevalidate: 60 })
const storeTagged: Use = (cache) => cache.asetMany(users, { tags: ['users'] })
const storeLarge: Use = (cache) => cache.aset('large', large)
const storeCount: Use = (cache) => cache.aset('count', 1)
const reads = (key: string, options: { fresh?: boolean } = {}): Use[] => [
  (cache) => cache.aget(key, options),
  (cache) => cache.ahasKey(key, options),
  (cache) => cache.attl(key, options),
]
const hits = (options: { fresh?: boolean } = {}): Use[] => [
  ...reads('user', options),
  (cache) => cache.agetOrSet('user', user, options),
]

const CASES: Readonly<Record<keyof typeof CALLS, Case>> = {
  '`aget` `ahasKey` `attl`, `agetOrSet` that hits: a replica answers': {
    stored: storeUser,
    copied: ['user'],
    calls: hits(),
  },
  'the same: no replica yet': { stored: storeUser, calls: hits() },
  'the same: again in this isolate, within `cacheTtl`': {
    stored: storeUser,
    before: (cache) => cache.aget('user'),
    calls: hits(),
  },
  'the same: this isolate wrote the key, within `cacheTtl`': { before: storeUser, calls: hits() },
  'the same: with `fresh`': { stored: storeUser, calls: hits({ fresh: true }) },
  '`aget` `ahasKey` `attl` of a number': { stored: storeCount, calls: reads('count') },
  '`aget` `ahasKey` `attl` of what is missing': { calls: reads('user') },
  '`aget` of a large value: a replica answers': {
    stored: storeLarge,
    copied: ['large'],
    calls: [(cache) => cache.aget('large')],
  },
  '`aget` of a large value: with `fresh`': {
    stored: storeLarge,
    calls: [(cache) => cache.aget('large', { fresh: true })],
  },
  '`agetMany` of 100: replicas answer': {
    stored: storeUsers,
    copied: keys,
    calls: [(cache) => cache.agetMany(keys)],
    shardCount: 8,
  },
  '`agetMany` of 100: with `fresh`': {
    stored: storeUsers,
    calls: [(cache) => cache.agetMany(keys, { fresh: true })],
    shardCount: 8,
  },
  '`agetOrSet` of a stale value, with a load in the background': {
    stored: async (cache) => {
      await storeStale(cache)
      await cache.aexpire('user')
    },
    calls: [
      async (cache) => {
        let loading: Promise<unknown> | undefined
        const waitUntil = (load: Promise<unknown>) => {
          loading = load
        }
        await cache.agetOrSet('user', () => user, { timeout: 60, staleWhileRevalidate: 60, waitUntil })
        await loading
      },
    ],
  },
  '`agetOrSet` that loads': { calls: [(cache) => cache.agetOrSet('user', user)] },
  '`aset`': { calls: [storeUser] },
  '`aset` of a key that has a replica': { stored: storeUser, copied: ['user'], calls: [storeUser] },
  '`aset` with tags': {
    calls: [(cache) => cache.aset('user', user, { tags: ['users'], staleWhileRevalidate: 60 })],
  },
  '`aset` of a large value': { calls: [storeLarge] },
  '`aset` of a large value, `timeout` beyond an hour': {
    calls: [(cache) => cache.aset('large', large, 86_400)],
  },
  '`aset` of a large value, `timeout: null`': { calls: [(cache) => cache.aset('large', large, null)] },
  '`aadd`, `true`': { calls: [(cache) => cache.aadd('user', user)] },
  '`aadd`, `false`': { stored: storeUser, calls: [(cache) => cache.aadd('user', user)] },
  '`atouch`': { stored: storeUser, calls: [(cache) => cache.atouch('user')] },
  '`atouch` of a large value, beyond the life of its blob': {
    stored: (cache) => cache.aset('large', large, 60),
    calls: [(cache) => cache.atouch('large', 86_400)],
  },
  '`adelete`': { stored: storeUser, calls: [(cache) => cache.adelete('user')] },
  '`adelete` of what is missing': { calls: [(cache) => cache.adelete('user')] },
  '`apop`': { stored: storeUser, calls: [(cache) => cache.apop('user')] },
  '`aincr` `adecr`': {
    stored: storeCount,
    calls: [
      (cache) => cache.aincr('count'),
      (cache) => cache.adecr('count'),
      (cache) => cache.aincrWithTtl('count'),
    ],
  },
  '`aincr` `adecr` with `initial`: created': {
    calls: [
      (cache) => cache.aincr('count', 1, { initial: 0 }),
      (cache) => cache.adecr('count', 1, { initial: 0 }),
    ],
  },
  '100 `aincr` of one key at once': {
    stored: storeCount,
    calls: [(cache) => Promise.all(keys.map(() => cache.aincr('count')))],
  },
  '`alock`, taken and released': {
    calls: [async (cache) => (await cache.alock('lock', { timeout: 30 }))?.release()],
  },
  '`aincrVersion` `adecrVersion`': {
    stored: storeUser,
    calls: [(cache) => cache.aincrVersion('user'), (cache) => cache.adecrVersion('user')],
  },
  '`akeys` of 100': { stored: storeUsers, calls: [(cache) => drain(cache.akeys('key:'))], shardCount: 8 },
  '`aentries` of 100': {
    stored: storeUsers,
    calls: [(cache) => drain(cache.aentries('key:'))],
    shardCount: 8,
  },
  '`asetMany` of 100': { calls: [storeUsers], shardCount: 8 },
  '`adeleteMany` of 100': { stored: storeUsers, calls: [(cache) => cache.adeleteMany(keys)], shardCount: 8 },
  '`aexpire`': { stored: storeStale, calls: [(cache) => cache.aexpire('user')] },
  '`adeleteTags` `aexpireTags` of one tag, whatever the number of values': {
    stored: storeTagged,
    calls: [(cache) => cache.adeleteTags('users'), (cache) => cache.aexpireTags('users')],
    shardCount: 8,
  },
  '`aclear`': { stored: storeUsers, calls: [(cache) => cache.aclear()], shardCount: 8 },
  '`aclear` without a `keyPrefix`': {
    stored: storeUsers,
    calls: [(cache) => cache.aclear()],
    keyPrefix: '',
    shardCount: 8,
  },
}

function ownersOf(name: string, shardCount: number) {
  return Array.from({ length: shardCount }, (_, shard) =>
    env.CACHE_SHARDS.getByName(`${name}/v1/${shardCount}/${shard}`),
  )
}

type Counts = Costs & { readonly rowsRead: number; readonly rowsWritten: number }

function billed(before: Counts, after: Counts): Bill {
  const more = (count: keyof Counts) => after[count] - before[count]
  return [
    more('kvReads'),
    // A delete costs what a write does.
    more('kvWrites') + more('kvDeletes'),
    more('ownerCalls'),
    more('rowsRead'),
    more('rowsWritten'),
  ]
}

/** What a call costs whose like there was before; `null` where it is refused. */
async function measure(place: Place, one: Case, call: Use): Promise<Bill | null> {
  const { stored, copied, before, keyPrefix = 'app', shardCount = 1 } = one
  const name = crypto.randomUUID()
  const owners = place === 'alone' ? [] : ownersOf(name, shardCount)
  const open = () => {
    const meter = countOperations()
    const adapter = adapterOf(place, name, shardCount, meter)
    return { meter, cache: createCache({ adapter, keyPrefix }) }
  }
  const publish = () => Promise.all(owners.map((owner) => runDurableObjectAlarm(owner)))
  // A new owner creates its tables, and records where replicas are with the first one.
  const warm = Array.from({ length: shardCount * 12 }, (_, index) => `warm:${index}`)
  await open().cache.asetMany(Object.fromEntries(warm.map((key) => [key, user])))
  await open().cache.agetMany(warm)
  await publish()
  try {
    await stored?.(open().cache)
  } catch (error) {
    if (isCacheError(error, 'UNSUPPORTED')) return null
    throw error
  }
  if (copied !== undefined) await open().cache.agetMany(copied)
  await publish()
  const { meter, cache } = open()
  // What was cleared is learned once in 60 s.
  await cache.ahasKey('anything')
  await before?.(cache)
  const counts = async (): Promise<Counts> => {
    const rows = await Promise.all(owners.map((owner) => owner.billedRows()))
    const sum = (count: 'read' | 'written') => rows.reduce((total, row) => total + row[count], 0)
    return { ...meter.costs(), rowsRead: sum('read'), rowsWritten: sum('written') }
  }
  const start = await counts()
  try {
    await call(cache)
  } catch (error) {
    if (isCacheError(error, 'UNSUPPORTED')) return null
    throw error
  }
  return billed(start, await counts())
}

interface LaterCase {
  /** How long ago the one who stores lives. */
  readonly ago?: number
  readonly before?: (cache: AsyncCache, reader: AsyncCache) => Promise<unknown>
  /** After which the owner has something to do. */
  readonly cause: (cache: AsyncCache, reader: AsyncCache) => Promise<unknown>
}

const storeAndRead: LaterCase['before'] = async (cache, reader) => {
  await cache.aset('user', user)
  await reader.aget('user')
}

const LATER_CASES: Readonly<Record<keyof typeof LATER, LaterCase>> = {
  'a replica is written, after a read found none': {
    before: storeUser,
    cause: (_, reader) => reader.aget('user'),
  },
  'a replica is renewed, for all changes of about a second': {
    before: storeAndRead,
    cause: (cache) =>
      Promise.all([cache.aset('user', 'Ada'), cache.atouch('user'), cache.aset('user', user)]),
  },
  'a replica is removed, after its entry was': {
    before: storeAndRead,
    cause: (cache) => cache.adelete('user'),
  },
  'a clear, or an invalidated tag, is told to readers': {
    before: storeUsers,
    cause: (cache) => cache.aclear(),
  },
  'a large value that was replaced is deleted from KV': {
    before: (cache) => cache.aset('large', large, 86_400),
    cause: (cache) => cache.aset('large', user, 86_400),
  },
  '100 expired entries are swept': { ago: 7_200_000, cause: storeUsers },
  '100 entries of a cleared `keyPrefix` are swept': {
    before: async (cache) => {
      await cache.asetMany(users)
      await cache.aclear()
    },
    cause: async () => {},
  },
  '100 entries of a deleted tag are swept': {
    before: async (cache) => {
      await storeTagged(cache)
      await cache.adeleteTags('users')
    },
    cause: async () => {},
  },
}

/** What an owner then does by itself. Its alarm is billed as a call, and the setting of one as a row written. */
async function measureLater({ ago = 0, before, cause }: LaterCase): Promise<Bill> {
  const name = crypto.randomUUID()
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  const open = (clock = Date.now) =>
    createCache({ adapter: adapterOf('near', name, 1), keyPrefix: 'app', clock })
  await open().aset('first', user, null)
  await open().aget('first')
  await runDurableObjectAlarm(owner)
  await before?.(open(), open())
  await runDurableObjectAlarm(owner)
  let kvWrites = 0
  let alarmsSet = 0
  const cursors: SqlStorageCursor<never>[] = []
  await runInDurableObject(owner, (instance, { storage }) => {
    const kv = anotherIsolate(countOperations())
    const counting: CacheKVNamespace = {
      ...kv,
      put: (...put) => {
        kvWrites += 1
        return kv.put(...put)
      },
      delete: (key) => {
        kvWrites += 1
        return kv.delete(key)
      },
    }
    Object.defineProperty(instance, 'kv', { value: counting })
    const { sql } = storage
    // As if large values had been stored long ago: a new one is never deleted.
    sql.exec('UPDATE blob_notes SET noted_at = 0')
    const exec = sql.exec.bind(sql)
    const setAlarm = storage.setAlarm.bind(storage)
    storage.setAlarm = (time) => {
      alarmsSet += 1
      return setAlarm(time)
    }
    sql.exec = (query, ...bindings) => {
      const cursor = exec<never>(query, ...bindings)
      cursors.push(cursor)
      return cursor
    }
  })
  await cause(
    open(() => Date.now() - ago),
    open(),
  )
  // What was done in the call is its caller's.
  cursors.length = 0
  expect(await runDurableObjectAlarm(owner)).toBe(true)
  const rows = (count: 'rowsRead' | 'rowsWritten') => cursors.reduce((sum, cursor) => sum + cursor[count], 0)
  return [0, kvWrites, 1, rows('rowsRead'), rows('rowsWritten') + alarmsSet]
}

describe('the operations billed', () => {
  it.each(Object.entries(CASES))('%s', async (title, one) => {
    const measured: Record<string, (Bill | null)[]> = {}
    for (const place of ['near', 'owners', 'alone'] as const) {
      const bills = await Promise.all(one.calls.map((call) => measure(place, one, call)))
      measured[place] = bills
    }
    const [near, owners, alone] = CALLS[title as keyof typeof CALLS]
    const each = (bill: Bill | null) => one.calls.map(() => bill)
    expect(measured).toEqual({ near: each(near), owners: each(owners), alone: each(alone) })
  })

  it.each(Object.entries(LATER_CASES))('later: %s', async (title, one) => {
    expect(await measureLater(one)).toEqual(LATER[title as keyof typeof LATER])
  })
})

import { DurableObject } from 'cloudflare:workers'
import { createStorage } from 'unstorage'
import kvDriver from 'unstorage/drivers/cloudflare-kv-binding'
import { CacheShard } from '../../../src/adapters/kv/cache-shard.ts'
import { kvAdapter } from '../../../src/adapters/kv/index.ts'
import { createCache } from '../../../src/index.ts'

export { CacheShard }

interface Bindings {
  readonly CACHE_KV: KVNamespace
  readonly CACHE_SHARDS: DurableObjectNamespace<CacheShard>
  readonly BARE: DurableObjectNamespace<Bare>
}

/** The least that a Durable Object does for the same: one statement for a call, no deadlines, no checks. */
export class Bare extends DurableObject {
  readonly #sql: SqlStorage

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as never)
    this.#sql = state.storage.sql
    this.#sql.exec('CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value) WITHOUT ROWID')
  }

  increment(key: string): number {
    const counting = `INSERT INTO entries VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value`
    return this.#sql.exec<{ value: number }>(counting, key).one().value
  }

  get(key: string): string | undefined {
    const [row] = this.#sql.exec<{ value: string }>('SELECT value FROM entries WHERE key = ?', key)
    return row?.value
  }

  set(entries: readonly (readonly [string, string])[]): void {
    const storing = 'INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value'
    for (const [key, value] of entries) this.#sql.exec(storing, key, value)
  }
}

/** A record of ten fields in 1 kB. */
function record(id: number): object {
  return Object.fromEntries(
    Array.from({ length: 10 }, (_, field) => [`field-${field}`, `${id}`.padEnd(85, 'x')]),
  )
}

const HUNDRED = Array.from({ length: 100 }, (_, id) => [`user-${id}`, record(id)] as const)
const KEYS = HUNDRED.map(([key]) => key)
const READING = { type: 'text', cacheTtl: 60 } as const

type Run = (operations: number) => Promise<unknown>

/** What each contestant does for each task, in one request. */
function contestants(env: Bindings): Record<string, Record<string, Run>> {
  const { CACHE_KV: kv, CACHE_SHARDS: shards } = env
  const cache = createCache({ adapter: kvAdapter({ kv, shards, shardCount: 1 }) })
  const exact = createCache({ adapter: kvAdapter({ kv, shards, shardCount: 1, reads: 'owner' }) })
  const bare = env.BARE.getByName('bare')
  const storage = createStorage({ driver: kvDriver({ binding: kv }) })
  const [key] = KEYS as [string, ...string[]]
  // Another one each time: SQLite writes nothing where nothing changes.
  let version = Date.now()
  const next = () => {
    version += 1
    return record(version)
  }
  const each =
    (call: () => Promise<unknown>): Run =>
    async (operations) => {
      for (let done = 0; done < operations; done += 1) await call()
    }
  const atOnce =
    (call: () => Promise<unknown>): Run =>
    (operations) =>
      Promise.all(Array.from({ length: operations }, call))
  const bareKV = async () => JSON.parse((await kv.getWithMetadata('bare:user-0', READING)).value ?? '')
  const bareMany = async () => {
    const found = await kv.getWithMetadata(
      KEYS.map((one) => `bare:${one}`),
      READING,
    )
    return [...found.values()].map((one) => JSON.parse(one?.value ?? ''))
  }
  return {
    nothing: { bare: async () => {} },
    'near-get': {
      nearcache: each(() => cache.aget(key)),
      bare: each(bareKV),
      json: each(() => kv.get('bare:user-0', 'json')),
      unstorage: each(() => storage.getItem('bare:user-0')),
    },
    'near-many': { nearcache: each(() => cache.agetMany(KEYS)), bare: each(bareMany) },
    'owner-get': {
      nearcache: each(() => exact.aget(key)),
      bare: each(async () => JSON.parse((await bare.get(key)) ?? '')),
    },
    set: {
      nearcache: each(() => cache.aset('written', next())),
      bare: each(() => bare.set([['written', JSON.stringify(next())]])),
      kv: each(() => kv.put('bare:written', JSON.stringify(next()))),
      unstorage: each(() => storage.setItem('bare:written', next())),
    },
    'set-many': {
      nearcache: each(() => cache.asetMany(KEYS.map((one) => [`many-${one}`, next()] as const))),
      bare: each(() => bare.set(KEYS.map((one) => [`many-${one}`, JSON.stringify(next())] as const))),
    },
    incr: {
      nearcache: each(() => cache.aincr('count')),
      bare: each(() => bare.increment('count')),
    },
    'incr-at-once': {
      nearcache: atOnce(() => cache.aincr('count')),
      bare: atOnce(() => bare.increment('count')),
    },
  }
}

export default {
  async fetch(request, env) {
    const [, task = '', contestant = '', operations = '0'] = new URL(request.url).pathname.split('/')
    const { CACHE_KV: kv, CACHE_SHARDS: shards } = env
    const cache = createCache({ adapter: kvAdapter({ kv, shards, shardCount: 1 }), timeout: null })
    if (task === 'prepare') {
      await cache.asetMany(HUNDRED)
      await cache.aset('count', 0)
      for (const [key, value] of HUNDRED)
        await kv.put(`bare:${key}`, JSON.stringify(value), { metadata: { of: 1 } })
      await env.BARE.getByName('bare').set(
        HUNDRED.map(([key, value]) => [key, JSON.stringify(value)] as const),
      )
    } else if (task === 'ask-for-copies') {
      await cache.agetMany(KEYS)
      return Response.json((await kv.list({ prefix: 'default/v1/1/' })).keys.length)
    } else {
      await contestants(env)[task]?.[contestant]?.(Number(operations))
    }
    return new Response('done')
  },
} satisfies ExportedHandler<Bindings>

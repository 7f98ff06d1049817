import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { type CacheShardNamespace, countOperations, kvAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import { kvNamesOf } from './kv-names.ts'
import type { CacheKVNamespace } from './namespace.ts'

const large = 'a'.repeat(200_000)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The binding as a tracing tool gives it: wrapped anew each time. */
function wrapped(kv: CacheKVNamespace): CacheKVNamespace {
  return new Proxy(kv, {
    get: (target, name) => {
      const part = Reflect.get(target, name)
      return typeof part === 'function' ? part.bind(target) : part
    },
  })
}

const newIsolate = (): CacheKVNamespace => standForIsolate(wrapped(env.CACHE_KV as CacheKVNamespace))

/** Objects that others do not share, as those of another Worker, or of a class that was deleted and created anew. */
function otherObjects(id: string): CacheShardNamespace {
  return {
    idFromName: (name) => env.CACHE_SHARDS.idFromName(`${id} ${name}`),
    getByName: (name) => env.CACHE_SHARDS.getByName(`${id} ${name}`),
  }
}

function open(shards: CacheShardNamespace = env.CACHE_SHARDS, name: string = crypto.randomUUID()) {
  const owner = env.CACHE_SHARDS.get(
    shards.idFromName(`${name}/v1/1/0`) as ReturnType<typeof env.CACHE_SHARDS.idFromName>,
  )
  return {
    name,
    owner,
    in: (kv: CacheKVNamespace) => {
      const meter = countOperations()
      const adapter = kvAdapter({ kv, shards: meter.shards(shards), name, shardCount: 1 })
      return { meter, cache: createCache({ adapter }) }
    },
    flush: () => runDurableObjectAlarm(owner),
    pass: (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000),
  }
}

type Opened = ReturnType<typeof open>

/** Stores it, and has the owner write a copy. */
async function storeCopied(opened: Opened, key: string, value: unknown): Promise<void> {
  await opened.in(newIsolate()).cache.aset(key, value, 86_400)
  await opened.in(newIsolate()).cache.aget(key)
  await opened.flush()
}

/** What a read in a new isolate gives, and how often it asked the owner. */
async function readAnew(opened: Opened, key: string) {
  const { meter, cache } = opened.in(newIsolate())
  return { value: await cache.aget(key), ownerCalls: meter.costs().ownerCalls }
}

describe('an isolate', () => {
  it.each([
    ['set', (cache: ReturnType<Opened['in']>['cache']) => cache.aset('key', 'new'), 'new'],
    ['deleted', (cache: ReturnType<Opened['in']>['cache']) => cache.adelete('key'), undefined],
    ['cleared', (cache: ReturnType<Opened['in']>['cache']) => cache.aclear(), undefined],
  ])(
    'reads what it has %s, though each request has another wrapper of its binding',
    async (_, write, read) => {
      const opened = open()
      await storeCopied(opened, 'key', 'old')
      const request = () => opened.in(wrapped(env.CACHE_KV as CacheKVNamespace))
      await write(request().cache)
      expect(await request().cache.aget('key')).toBe(read)
    },
  )
})

describe('what other objects wrote into the same KV namespace under the same name', () => {
  it('is not believed, and does not keep anything from being believed', async () => {
    const name = crypto.randomUUID()
    const old = open(otherObjects('old'), name)
    const anew = open(otherObjects('new'), name)
    await storeCopied(old, 'key', 'old')
    await old.in(newIsolate()).cache.aclear()
    await storeCopied(old, 'key', 'old again')
    expect(await readAnew(old, 'key')).toEqual({ value: 'old again', ownerCalls: 0 })
    expect(await readAnew(anew, 'key')).toEqual({ value: undefined, ownerCalls: 1 })
    await storeCopied(anew, 'key', 'new')
    expect(await readAnew(anew, 'key')).toEqual({ value: 'new', ownerCalls: 0 })
    expect(await readAnew(old, 'key')).toEqual({ value: 'old again', ownerCalls: 0 })
  })

  it('is not cleared with it, nor are its large values found', async () => {
    const name = crypto.randomUUID()
    const old = open(otherObjects('old'), name)
    const anew = open(otherObjects('new'), name)
    await storeCopied(old, 'key', large)
    await anew.in(newIsolate()).cache.aclear()
    await anew.flush()
    expect(await readAnew(anew, 'key')).toMatchObject({ value: undefined })
    expect(await readAnew(old, 'key')).toEqual({ value: large, ownerCalls: 0 })
  })
})

describe('storage that is lost while its object is not', () => {
  async function openLost() {
    const opened = open()
    await opened.in(newIsolate()).cache.aclear()
    await storeCopied(opened, 'key', 'old')
    await storeCopied(opened, 'other', 'old')
    opened.pass(10)
    await runInDurableObject(opened.owner, (_, { storage }) => storage.deleteAll())
    await evictDurableObject(opened.owner)
    opened.pass(10)
    return opened
  }

  it('is not believed by whoever has had an answer since', async () => {
    const opened = await openLost()
    const { cache } = opened.in(newIsolate())
    expect(await cache.aget('missing')).toBeUndefined()
    expect(await cache.aget('key')).toBeUndefined()
    expect(await cache.aget('other')).toBeUndefined()
  })

  it('is not believed by anybody who knows of a clear of after it, and what is stored anew is', async () => {
    const opened = await openLost()
    await opened.in(newIsolate()).cache.aclear()
    await opened.flush()
    opened.pass(61)
    expect(await readAnew(opened, 'key')).toMatchObject({ value: undefined })
    await storeCopied(opened, 'key', 'new')
    expect(await readAnew(opened, 'key')).toEqual({ value: 'new', ownerCalls: 0 })
  })

  it('is not believed after an hour in any case', async () => {
    const opened = await openLost()
    opened.pass(3_600)
    expect(await readAnew(opened, 'key')).toMatchObject({ value: undefined })
  })
})

describe('a version of nearcache that looks for copies elsewhere', () => {
  it('gets copies of its own, and the earlier ones are deleted once they are no longer true', async () => {
    const opened = open()
    const { owner, name, flush } = opened
    await storeCopied(opened, 'key', 'old')
    const earlier = kvNamesOf(env.CACHE_SHARDS, name, 1).replicas
    const later = `${name}/v9/`
    const copyAt = (prefix: string) => env.CACHE_KV.get(`${prefix}:1:key`)
    opened.pass(1)
    await owner.read({ keys: [':1:key'], wanted: 'value', publish: later })
    await flush()
    expect([await copyAt(earlier), await copyAt(later)]).toEqual([null, '"old"'])
    opened.pass(1)
    await owner.read({ keys: [':1:key'], wanted: 'value', publish: earlier })
    await flush()
    expect([await copyAt(earlier), await copyAt(later)]).toEqual(['"old"', null])
  })
})

describe('names in KV', () => {
  it('are within its 512 bytes, and leave room for keys', () => {
    const names = kvNamesOf(env.CACHE_SHARDS, 'n'.repeat(400), 32)
    expect(names.replicas.length).toBeLessThanOrEqual(512 - 64)
    expect(names.clears.length).toBeLessThanOrEqual(512)
    expect(names.blobs.length + crypto.randomUUID().length).toBeLessThanOrEqual(512)
  })

  it('differ by namespace, cache and shard count, and are the same each time', () => {
    const all = [
      kvNamesOf(env.CACHE_SHARDS, 'a', 8),
      kvNamesOf(env.CACHE_SHARDS, 'b', 8),
      kvNamesOf(env.CACHE_SHARDS, 'a', 9),
      kvNamesOf(otherObjects('other'), 'a', 8),
    ]
    for (const part of ['replicas', 'clears', 'blobs'] as const) {
      expect(new Set(all.map((names) => names[part])).size).toBe(4)
    }
    expect(kvNamesOf(env.CACHE_SHARDS, 'a', 8)).toEqual(all[0])
  })

  it('need an ID: a double of the binding without one is refused', () => {
    const shards = { getByName: () => ({}) } as unknown as CacheShardNamespace
    expect(() => kvAdapter({ kv: env.CACHE_KV, shards })).toThrow('shards must be')
  })
})

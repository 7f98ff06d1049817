import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { type CacheShardNamespace, countOperations, kvAdapter, type OperationMeter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import type { CacheKVNamespace } from './namespace.ts'

/** What becomes of a commit. */
type Fate = 'done' | 'lost' | 'done, and then lost' | 'refused'

function anotherIsolate(meter: OperationMeter): CacheKVNamespace {
  return standForIsolate(meter.kv(env.CACHE_KV as CacheKVNamespace))
}

/** A cache with a copy of `user` and `team`, and an isolate that is to write to it. */
async function open() {
  const name = crypto.randomUUID()
  let now = Date.now()
  let fate: Fate = 'done'
  const shards: CacheShardNamespace = {
    idFromName: (id) => env.CACHE_SHARDS.idFromName(id),
    getByName(id) {
      const stub = env.CACHE_SHARDS.getByName(id)
      return {
        read: (request) => stub.read(request) as never,
        async commit(request) {
          if (fate === 'lost') throw new Error('Network connection lost.')
          if (fate === 'refused')
            throw Object.assign(new Error('out of memory: SQLITE_NOMEM'), { remote: true })
          const reply = (await stub.commit(request)) as never
          if (fate === 'done, and then lost') throw new Error('Network connection lost.')
          return reply
        },
        clear: (request) => stub.clear(request) as never,
        reserve: (request) => stub.reserve(request) as never,
        claim: (request) => stub.claim(request) as never,
        renew: (request) => stub.renew(request) as never,
        deleteTags: (request) => stub.deleteTags(request) as never,
        listKeys: (request) => stub.listKeys(request) as never,
      }
    },
  }
  const isolate = () => {
    const meter = countOperations()
    const bindings = { kv: anotherIsolate(meter), shards: meter.shards(shards) }
    const adapter = kvAdapter({ ...bindings, name, shardCount: 1 })
    const cache = createCache({ adapter, clock: () => now })
    /** What `work` gave, and by whom. */
    const by = async <T>(work: () => Promise<T>) => {
      const before = meter.costs()
      const gave = await work()
      const { kvReads, ownerCalls } = meter.costs()
      return [gave, { kv: kvReads - before.kvReads, owner: ownerCalls - before.ownerCalls }] as const
    }
    return { cache, by }
  }
  const flush = () => runDurableObjectAlarm(env.CACHE_SHARDS.getByName(`${name}/v1/1/0`))
  await isolate().cache.asetMany({ user: 'first', team: 'red' }, null)
  await isolate().cache.agetMany(['user', 'team'])
  await flush()
  const { cache, by } = isolate()
  await cache.ahasKey('other')
  return {
    cache,
    user: () => by(() => cache.aget('user')),
    both: () => by(async () => Object.fromEntries(await cache.agetMany(['user', 'team']))),
    flush,
    /** Also learns again what was cleared, so that this is nobody's bill. */
    pass: async (seconds: number) => {
      now += seconds * 1000
      await cache.ahasKey(`at-${now}`)
    },
    write: (its: Fate, write = () => cache.aset('user', 'second', null) as Promise<unknown>) => {
      fate = its
      return write().finally(() => {
        fate = 'done'
      })
    },
  }
}

describe('after a write of which it is not known whether it was made', () => {
  it.each([
    ['was not', 'lost', 'first'],
    ['was', 'done, and then lost', 'second'],
  ] as const)(
    'and that %s, the owner answers until it is decided, and then copies again',
    async (_, fate, value) => {
      const { user, flush, pass, write } = await open()
      await expect(write(fate)).rejects.toThrow(
        'Network connection lost.; what was asked of the owner may or may not',
      )
      expect(await user()).toEqual([value, { kv: 0, owner: 1 }])
      await pass(59)
      expect(await user()).toEqual([value, { kv: 0, owner: 1 }])
      await flush()
      await pass(2)
      expect(await user()).toEqual([value, { kv: 1, owner: 1 }])
      expect(await user()).toEqual([value, { kv: 1, owner: 0 }])
      await pass(600)
      expect(await user()).toEqual([value, { kv: 1, owner: 0 }])
    },
  )

  it('and of many keys, the same', async () => {
    const { cache, both, flush, pass, write } = await open()
    await expect(
      write('done, and then lost', () => cache.asetMany({ user: 1.5, team: 'blue' }, null)),
    ).rejects.toThrow('may or may not')
    expect(await both()).toEqual([
      { user: 1.5, team: 'blue' },
      { kv: 0, owner: 1 },
    ])
    await flush()
    await pass(61)
    expect(await both()).toEqual([
      { user: 1.5, team: 'blue' },
      { kv: 2, owner: 1 },
    ])
    expect(await both()).toEqual([
      { user: 1.5, team: 'blue' },
      { kv: 2, owner: 0 },
    ])
  })

  it('no copy of before is given, though the owner cannot renew it', async () => {
    const { user, pass, write } = await open()
    await expect(write('done, and then lost')).rejects.toThrow('may or may not')
    for (const seconds of [61, 61, 600, 2_000]) {
      await pass(seconds)
      expect((await user())[0]).toBe('second')
    }
  })

  it('a write that was made is seen as ever', async () => {
    const { cache, user, flush, pass, write } = await open()
    await expect(write('lost')).rejects.toThrow('may or may not')
    await cache.aset('user', 'third', null)
    await flush()
    expect(await user()).toEqual(['third', { kv: 0, owner: 1 }])
    await pass(61)
    expect(await user()).toEqual(['third', { kv: 1, owner: 0 }])
  })
})

describe('after a write that was certainly not made', () => {
  it('copies go on answering', async () => {
    const { user, write } = await open()
    await expect(write('refused')).rejects.toThrow('SQLITE_NOMEM; nothing was done')
    expect(await user()).toEqual(['first', { kv: 1, owner: 0 }])
  })

  it('what was written before it is seen as ever', async () => {
    const { cache, user, pass, write } = await open()
    await cache.aset('user', 'third', null)
    await expect(write('refused')).rejects.toThrow('nothing was done')
    expect(await user()).toEqual(['third', { kv: 0, owner: 1 }])
    await pass(61)
    // The owner has not renewed the copy yet.
    expect(await user()).toEqual(['third', { kv: 1, owner: 1 }])
  })
})

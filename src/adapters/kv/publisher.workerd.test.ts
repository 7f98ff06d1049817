import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { kvAdapter } from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import { kvNamesOf } from './kv-names.ts'
import type { CacheKVNamespace } from './namespace.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A namespace of the owner's, with a note of what it wrote; it fails as `isDown` says. */
function ownersKV(isDown: () => boolean = () => false) {
  const writes: string[] = []
  const { CACHE_KV: real } = env
  const kv: CacheKVNamespace = {
    getWithMetadata: real.getWithMetadata.bind(real) as CacheKVNamespace['getWithMetadata'],
    get: real.get.bind(real) as CacheKVNamespace['get'],
    async put(key, value, options) {
      if (isDown()) throw new Error('KV PUT failed: 429 Too Many Requests')
      writes.push(`put ${key.split('/').at(-1)} ${String(value)}`)
      await real.put(key, value, options as KVNamespacePutOptions)
    },
    async delete(key) {
      if (isDown()) throw new Error('KV DELETE failed: 500 Internal Server Error')
      writes.push(`delete ${key.split('/').at(-1)}`)
      await real.delete(key)
    },
  }
  return { kv, writes }
}

function open() {
  const name = crypto.randomUUID()
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  /** An isolate of its own, which remembers nothing. */
  const isolate = (keyPrefix = '') => {
    const { CACHE_KV: real } = env
    const kv = standForIsolate<CacheKVNamespace>({
      getWithMetadata: real.getWithMetadata.bind(real) as CacheKVNamespace['getWithMetadata'],
      get: real.get.bind(real) as CacheKVNamespace['get'],
      put: real.put.bind(real) as CacheKVNamespace['put'],
      delete: real.delete.bind(real),
    })
    const adapter = kvAdapter({ kv, shards: env.CACHE_SHARDS, name, shardCount: 1 })
    return createCache({ adapter, keyPrefix })
  }
  const faults: unknown[] = []
  return {
    owner,
    isolate,
    faults,
    announce: kvNamesOf(env.CACHE_SHARDS, name, 1).clears,
    give: (kv: CacheKVNamespace | undefined) =>
      runInDurableObject(owner, (instance) => {
        Object.defineProperty(instance, 'kv', { value: kv })
        Object.defineProperty(instance, 'onFault', {
          configurable: true,
          value: (fault: unknown) => faults.push(fault),
        })
      }),
    alarmAt: () => runInDurableObject(owner, (_, { storage }) => storage.getAlarm()),
    pass: (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000),
  }
}

describe('the owner', () => {
  it('gathers the changes of a second into one write of a copy', async () => {
    const { owner, isolate, give, alarmAt } = open()
    const { kv, writes } = ownersKV()
    await give(kv)
    const writer = isolate()
    await writer.aset('key', 'first')
    await isolate().aget('key')
    expect(await alarmAt()).toBe(Date.now() + 1_000)
    for (let round = 0; round < 10; round += 1) await writer.aset('key', `round ${round}`)
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual(['put :1:key "round 9"'])
  })

  it('writes no copy of what nobody reads near, however often it is written', async () => {
    const { owner, isolate, give } = open()
    const { kv, writes } = ownersKV()
    await give(kv)
    const writer = isolate()
    for (let round = 0; round < 10; round += 1) await writer.aset('key', 'text')
    expect(await writer.aget('key')).toBe('text')
    await writer.aget('key', { fresh: true })
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual([])
  })

  it('keeps a copy up for an hour after a reader missed it, and no longer', async () => {
    const { owner, isolate, give, pass } = open()
    const { kv, writes } = ownersKV()
    await give(kv)
    const writer = isolate()
    await writer.aset('key', 'first', null)
    await isolate().aget('key')
    await runDurableObjectAlarm(owner)
    pass(3_599)
    await writer.aset('key', 'second', null)
    await runDurableObjectAlarm(owner)
    pass(61 + 1)
    await writer.aset('key', 'third', null)
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual(['put :1:key "first"', 'put :1:key "second"'])
    expect(await isolate().aget('key')).toBe('third')
  })

  it('tries again what KV refused, at longer intervals, and tells of it', async () => {
    let isDown = true
    const { owner, isolate, give, alarmAt, pass, faults } = open()
    const { kv, writes } = ownersKV(() => isDown)
    await give(kv)
    await isolate().aset('key', 'value')
    await isolate().aget('key')
    const pauses: number[] = []
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await runDurableObjectAlarm(owner)
      pauses.push(((await alarmAt()) ?? 0) - Date.now())
      pass(1)
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    expect(faults.map(String)).toEqual(Array(8).fill('Error: KV PUT failed: 429 Too Many Requests'))
    isDown = false
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual(['put :1:key "value"'])
  })

  it('tries again also where its onFault fails', async () => {
    const { owner, isolate, give, alarmAt } = open()
    const { kv } = ownersKV(() => true)
    await give(kv)
    await runInDurableObject(owner, (instance) => {
      const onFault = () => {
        throw new Error('Nobody listens')
      }
      Object.defineProperty(instance, 'onFault', { value: onFault })
    })
    await isolate().aset('key', 'value')
    await isolate().aget('key')
    await runDurableObjectAlarm(owner)
    expect(await alarmAt()).toBe(Date.now() + 2_000)
  })

  it('knows what is due after it was evicted from memory', async () => {
    const { owner, isolate, give, alarmAt } = open()
    const { kv, writes } = ownersKV(() => writes.length === 1)
    await give(kv)
    const writer = isolate()
    await writer.aset('key', 'first')
    await isolate().aget('key')
    await runDurableObjectAlarm(owner)
    await writer.aset('key', 'second')
    await runDurableObjectAlarm(owner)
    expect(await isolate().aget('key')).toBe('first')
    await evictDurableObject(owner)
    expect(await alarmAt()).not.toBeNull()
    await runDurableObjectAlarm(owner)
    expect(await isolate().aget('key')).toBe('second')
  })

  it('writes a copy again that changed while it was being written', async () => {
    const { owner, isolate, give } = open()
    const { kv, writes } = ownersKV()
    const writer = isolate()
    const meanwhile = ['second']
    await give({
      ...kv,
      async put(key, value, options) {
        const next = meanwhile.pop()
        if (next !== undefined) await writer.aset('key', next)
        await kv.put(key, value, options)
      },
    })
    await writer.aset('key', 'first')
    await isolate().aget('key')
    await runDurableObjectAlarm(owner)
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual(['put :1:key "first"', 'put :1:key "second"'])
  })

  it('gives KV its second between two writes of a copy, however long the others take', async () => {
    const { owner, isolate, give, alarmAt, pass } = open()
    const { kv } = ownersKV()
    const writer = isolate()
    await give({
      ...kv,
      async put(key, value, options) {
        await kv.put(key, value, options)
        await writer.aset('key', 'second')
        pass(5)
      },
    })
    await writer.aset('key', 'first')
    await isolate().aget('key')
    await runDurableObjectAlarm(owner)
    expect(await alarmAt()).toBe(Date.now() + 1_000)
  })

  it('writes a copy once that changed while others were being written', async () => {
    const { owner, isolate, give } = open()
    const { kv, writes } = ownersKV()
    const writer = isolate()
    const keys = Array.from({ length: 7 }, (_, index) => `key-${index}`)
    await writer.asetMany(keys.map((key) => [key, 'first'] as const))
    await isolate().agetMany(keys)
    await give({
      ...kv,
      async put(key, value, options) {
        // Six are written at once: the seventh waits.
        if (writes.length === 0) await writer.aset('key-6', 'second')
        await kv.put(key, value, options)
      },
    })
    await runDurableObjectAlarm(owner)
    await runDurableObjectAlarm(owner)
    expect(writes.filter((write) => write.includes('key-6'))).toEqual(['put :1:key-6 "second"'])
    expect(writes).toHaveLength(7)
  })

  it('counts the rows of a call that comes while its alarm waits for KV as those of any other', async () => {
    const { owner, isolate, give } = open()
    const { kv } = ownersKV()
    await isolate().aset('key', 'value')
    await isolate().aget('key')
    const read: unknown[] = []
    await give({
      ...kv,
      async put() {
        const asked = env.CACHE_SHARDS.get(owner.id)
        const before = await asked.billedRows()
        await asked.read({ keys: [':1:key'], wanted: 'value' })
        const after = await asked.billedRows()
        read.push({ read: after.read - before.read, written: after.written - before.written })
      },
    })
    await runDurableObjectAlarm(owner)
    expect(read).toEqual([{ read: 1, written: 0 }])
  })

  it('is not kept from the others by copies that always fail', async () => {
    const { owner, give } = open()
    const { kv, writes } = ownersKV()
    await give({
      ...kv,
      put: (key, ...rest) => (key.endsWith('bad') ? Promise.reject() : kv.put(key, ...rest)),
    })
    const keys = [...Array.from({ length: 500 }, (_, index) => `${index} bad`), 'good']
    const entry = { value: { format: 'json', data: '1.5' }, expiresAt: null }
    await owner.commit({ changes: keys.map((key) => ({ key, op: { kind: 'set', entry } })), now: Date.now() })
    await owner.read({ keys, wanted: 'value', publish: `${crypto.randomUUID()}/` })
    await runDurableObjectAlarm(owner)
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual(['put good 1.5'])
  })

  it('tells of clears until KV has it', async () => {
    let isDown = true
    const { owner, isolate, give, announce } = open()
    const clears = announce.split('/').at(-1)
    const { kv, writes } = ownersKV(() => isDown)
    await give(kv)
    const clearedAt = Date.now()
    await isolate().aclear()
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual([])
    isDown = false
    await runDurableObjectAlarm(owner)
    expect(writes).toEqual([`put ${clears} {"":${clearedAt}}`])
    await runDurableObjectAlarm(owner)
    expect(writes).toHaveLength(1)
  })

  it('forgets clears of long ago, and never gives the same number twice', async () => {
    const { owner, isolate, give, pass } = open()
    const { kv, writes } = ownersKV()
    await give(kv)
    const at = Date.now()
    await isolate('a').aclear()
    await isolate('b').aclear()
    await isolate('b').aset('key', 'kept')
    pass(3 * 3_600)
    await runDurableObjectAlarm(owner)
    pass(3 * 3_600)
    await isolate('c').aclear()
    await runDurableObjectAlarm(owner)
    expect(writes.at(-1)).toContain(` {"b:":${at + 1},"c:":${at + 6 * 3_600_000}}`)
    expect(await isolate('b').aget('key')).toBeUndefined()
  })

  it('keeps a copy from outliving a clear that comes after a later one of others', async () => {
    const { owner, isolate, announce } = open()
    await isolate('a').aset('key', 'value')
    await isolate('a').aget('key')
    // Two are under way together, and this owner is late to hear of the first.
    await owner.clear({ scope: 'b:', generation: 2 })
    await runDurableObjectAlarm(owner)
    await owner.clear({ scope: 'a:', generation: 1, announce })
    await runDurableObjectAlarm(owner)
    expect(await isolate('a').aget('key', { fresh: true })).toBeUndefined()
    expect(await isolate('a').aget('key')).toBeUndefined()
  })

  it('says so where it has no KV to write copies to', async () => {
    const { isolate, give } = open()
    await give(undefined)
    await isolate().aset('key', 'value')
    await expect(isolate().aget('key')).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      cause: { message: expect.stringContaining('bind the one of kvAdapter as CACHE_KV') },
    })
    expect(await isolate().aget('key', { fresh: true })).toBe('value')
  })
})

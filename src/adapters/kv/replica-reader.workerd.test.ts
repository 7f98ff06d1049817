import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import {
  type CacheShardNamespace,
  countOperations,
  type KVAdapterOptions,
  kvAdapter,
  type OperationMeter,
} from './index.ts'
import { standForIsolate } from './isolate-memories.ts'
import { kvNamesOf } from './kv-names.ts'
import type { CacheKVNamespace } from './namespace.ts'

/** The real namespace as another isolate has it, which remembers nothing. */
function anotherIsolate(meter: OperationMeter): CacheKVNamespace {
  return standForIsolate(meter.kv(env.CACHE_KV as CacheKVNamespace))
}

function open(options: Partial<KVAdapterOptions> = {}) {
  const name = crypto.randomUUID()
  const { replicas: copies } = kvNamesOf(env.CACHE_SHARDS, name, 1)
  let now = Date.now()
  const isolate = (reads: 'near' | 'owner' = 'near', keyPrefix = 'app') => {
    const meter = countOperations()
    const adapter = kvAdapter({
      kv: anotherIsolate(meter),
      shards: meter.shards(env.CACHE_SHARDS),
      name,
      shardCount: 1,
      reads,
      ...options,
    })
    const cache = createCache({ adapter, keyPrefix, clock: () => now })
    /** What `work` gave, and what it made the platform bill. */
    const billed = async <T>(work: () => Promise<T>) => {
      const before = meter.costs()
      const gave = await work()
      const { kvReads, ownerCalls } = meter.costs()
      return { gave, kvReads: kvReads - before.kvReads, ownerCalls: ownerCalls - before.ownerCalls }
    }
    /** Knows of the clears already, as an isolate does after its first near read. */
    const warm = async () => {
      await cache.ahasKey('warm')
      return { cache, billed }
    }
    return { cache, billed, warm }
  }
  return {
    isolate,
    /** Lets the owner write what is due. */
    flush: () => runDurableObjectAlarm(env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)),
    copy: (key: string) => env.CACHE_KV.getWithMetadata(`${copies}${key}`, 'text'),
    putCopy: (key: string, text: string, metadata?: unknown) =>
      env.CACHE_KV.put(`${copies}${key}`, text, { metadata }),
    pass: (seconds: number) => {
      now += seconds * 1000
    },
  }
}

/** A cache with a copy of `user`, written by one isolate and asked for by another. */
async function openCopied(value: unknown = { name: 'Ada' }, options: Partial<KVAdapterOptions> = {}) {
  const opened = open(options)
  const writer = opened.isolate()
  await writer.cache.aset('user', value)
  await opened.isolate().cache.aget('user')
  await opened.flush()
  return { ...opened, writer }
}

describe('near reads', () => {
  it('make the owner write a copy once one was missed, and are then one KV read and no call', async () => {
    const { isolate, flush, copy } = open()
    const writer = isolate()
    await writer.cache.aset('user', { name: 'Ada' })
    await flush()
    expect(await copy('app:1:user')).toMatchObject({ value: null })
    expect(await isolate().cache.aget('user')).toEqual({ name: 'Ada' })
    expect(await flush()).toBe(true)
    expect(await copy('app:1:user')).toMatchObject({
      value: '{"name":"Ada"}',
      metadata: { nearcache: 1, format: 'json' },
    })
    const other = await isolate().warm()
    expect(await other.billed(() => other.cache.aget('user'))).toEqual({
      gave: { name: 'Ada' },
      kvReads: 1,
      ownerCalls: 0,
    })
    const many = await other.billed(() => other.cache.ahasKey('user'))
    expect(many).toEqual({ gave: true, kvReads: 1, ownerCalls: 0 })
  })

  it('of many keys are one call to KV, and one to each owner for what is missing there', async () => {
    const { isolate, flush } = open()
    const keys = Array.from({ length: 250 }, (_, index) => `key-${index}`)
    await isolate().cache.asetMany(keys.map((key) => [key, { key }] as const))
    const reader = await isolate().warm()
    expect(await reader.billed(() => reader.cache.agetMany(keys))).toMatchObject({
      kvReads: 250,
      ownerCalls: 1,
    })
    await flush()
    const other = await isolate().warm()
    const { gave, kvReads, ownerCalls } = await other.billed(() => other.cache.agetMany(keys))
    expect({ kvReads, ownerCalls }).toEqual({ kvReads: 250, ownerCalls: 0 })
    expect([...gave]).toEqual(keys.map((key) => [key, { key }]))
  })

  it('give what was overwritten elsewhere no longer once the owner has renewed the copy', async () => {
    const { writer, isolate, flush } = await openCopied()
    const reader = isolate()
    await writer.cache.aset('user', { name: 'Grace' })
    // Stale, as declared; exact where asked for.
    expect(await reader.cache.aget('user')).toEqual({ name: 'Ada' })
    expect(await reader.cache.aget('user', { fresh: true })).toEqual({ name: 'Grace' })
    expect(await isolate('owner').cache.aget('user')).toEqual({ name: 'Grace' })
    await flush()
    expect(await reader.cache.aget('user')).toEqual({ name: 'Grace' })
    await writer.cache.atouch('user', 5_000)
    await flush()
    expect(await reader.cache.attl('user')).toBe(5_000)
    await writer.cache.adelete('user')
    await flush()
    expect(await reader.cache.aget('user')).toBeUndefined()
  })

  it('see what the own isolate wrote, whatever the copy says', async () => {
    const { isolate, flush, pass } = await openCopied()
    const reader = isolate()
    expect(await reader.cache.aget('user')).toEqual({ name: 'Ada' })
    await reader.cache.aset('user', { name: 'Grace' })
    expect(await reader.billed(() => reader.cache.aget('user'))).toEqual({
      gave: { name: 'Grace' },
      kvReads: 0,
      ownerCalls: 1,
    })
    // After a location has let go of what it read, the copy is looked at again; it is still of before.
    pass(61)
    expect(await reader.cache.aget('user')).toEqual({ name: 'Grace' })
    await flush()
    pass(61)
    expect(await reader.billed(() => reader.cache.aget('user'))).toMatchObject({
      gave: { name: 'Grace' },
      ownerCalls: 0,
    })
    await Promise.all([reader.cache.aset('user', 1), reader.cache.aget('user')]).then(([, seen]) =>
      expect(seen).toBe(1),
    )
  })

  it('see what the own isolate wrote through another adapter, also one that reads at the owner', async () => {
    const kv = anotherIsolate(countOperations())
    const { isolate, flush } = open({ kv })
    const [near, exact] = [isolate(), isolate('owner')]
    await exact.cache.aset('user', 'first')
    expect(await near.cache.aget('user')).toBe('first')
    await flush()
    await exact.cache.aset('user', 'second')
    expect(await near.cache.aget('user')).toBe('second')
    await exact.cache.aclear()
    expect(await near.cache.aget('user')).toBeUndefined()
  })

  it('see what the own isolate wrote for as long as a copy of before can be, though the owner cannot renew it', async () => {
    const { isolate, flush, pass } = open()
    const { cache } = isolate()
    await cache.aset('user', 'before', null)
    await isolate().cache.aget('user')
    await flush()
    await cache.aset('user', 'after', null)
    for (const seconds of [61, 600, 2_880, 600]) {
      pass(seconds)
      expect(await cache.aget('user')).toBe('after')
    }
  })

  it('see the later of two writes of the own isolate that overtook each other', async () => {
    const held = Promise.withResolvers<void>()
    const shards: CacheShardNamespace = {
      idFromName: (name) => env.CACHE_SHARDS.idFromName(name),
      getByName(name) {
        const stub = env.CACHE_SHARDS.getByName(name)
        return {
          read: (request) => stub.read(request) as never,
          async commit(request) {
            if (JSON.stringify(request).includes('slow')) await held.promise
            return stub.commit(request) as never
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
    const { isolate, flush, pass } = await openCopied('first', { shards })
    const { cache } = isolate()
    const slow = cache.aset('user', 'slow', null)
    await cache.aget('user')
    await cache.aset('user', 'fast', null)
    await flush()
    held.resolve()
    await slow
    pass(61)
    expect(await cache.aget('user')).toBe('slow')
  })

  it('never copy numbers, and drop the copy of what became one', async () => {
    const { writer, isolate, flush, copy } = await openCopied()
    await writer.cache.aset('n', 5)
    await isolate().cache.aget('n')
    await writer.cache.aset('user', 7)
    await flush()
    expect(await copy('app:1:n')).toMatchObject({ value: null })
    expect(await copy('app:1:user')).toMatchObject({ value: null })
    expect(await isolate().cache.aget('user')).toBe(7)
  })

  it('never give anything past its own deadline', async () => {
    const { isolate, pass } = await openCopied()
    const reader = isolate()
    pass(299)
    expect(await reader.cache.aget('user')).toEqual({ name: 'Ada' })
    pass(1)
    expect(await reader.cache.aget('user')).toBeUndefined()
    await reader.cache.aset('user', 'anew')
    expect(await isolate().cache.aget('user')).toBe('anew')
  })

  it('do not ask KV again for what it did not have', async () => {
    const { isolate, pass } = open()
    const reader = await isolate().warm()
    expect(await reader.billed(() => reader.cache.aget('none'))).toMatchObject({ kvReads: 1, ownerCalls: 1 })
    expect(await reader.billed(() => reader.cache.aget('none'))).toMatchObject({ kvReads: 0, ownerCalls: 1 })
    await isolate().cache.aset('none', 'now there')
    // New keys are never missed.
    expect(await reader.cache.aget('none')).toBe('now there')
    pass(60)
    expect(await reader.billed(() => reader.cache.aget('none'))).toMatchObject({ ownerCalls: 1 })
  })

  it('come back as they went in', async () => {
    const value = { at: new Date(5), tags: new Set(['a']), bytes: new Uint8Array([1, 2, 255]) }
    for (const one of [value, new Uint8Array([0, 200, 255]), 'text', null, [1.5, -0]]) {
      const { isolate } = await openCopied(one)
      const reader = await isolate().warm()
      const { gave, ownerCalls } = await reader.billed(() => reader.cache.aget('user'))
      expect(gave).toStrictEqual(one)
      expect(ownerCalls).toBe(0)
    }
  })

  it('pass over what is not theirs, and leave it', async () => {
    const { isolate, copy, putCopy } = open()
    await isolate().cache.aset('user', 'right')
    for (const metadata of [
      undefined,
      { nearcache: 2 },
      { nearcache: 1, format: 'from-the-future' },
      'text',
    ]) {
      await putCopy('app:1:user', 'not ours', metadata)
      expect(await isolate().cache.aget('user')).toBe('right')
    }
    expect(await copy('app:1:user')).toMatchObject({ value: 'not ours' })
  })
})

describe('a clear', () => {
  it('is seen by its own isolate at once, by others when they learn of it, and by exact reads at once', async () => {
    const { writer, isolate, flush, pass } = await openCopied()
    const reader = isolate()
    expect(await reader.cache.aget('user')).toEqual({ name: 'Ada' })
    await writer.cache.aclear()
    expect(await writer.cache.aget('user')).toBeUndefined()
    expect(await reader.cache.aget('user', { fresh: true })).toBeUndefined()
    expect(await reader.cache.aget('user')).toEqual({ name: 'Ada' })
    await flush()
    pass(60)
    expect(await reader.cache.aget('user')).toBeUndefined()
    await writer.cache.aset('user', 'anew')
    expect(await reader.cache.aget('user')).toBe('anew')
  })

  it('of one prefix leaves the copies of others', async () => {
    const { isolate, flush } = open()
    const [mine, theirs] = [isolate('near', 'app'), isolate('near', 'other')]
    await mine.cache.aset('user', 'mine')
    await theirs.cache.aset('user', 'theirs')
    await isolate('near', 'app').cache.aget('user')
    await isolate('near', 'other').cache.aget('user')
    await flush()
    await mine.cache.aclear()
    await flush()
    const reader = await isolate('near', 'other').warm()
    expect(await reader.billed(() => reader.cache.aget('user'))).toMatchObject({
      gave: 'theirs',
      ownerCalls: 0,
    })
    expect(await isolate('near', 'app').cache.aget('user')).toBeUndefined()
  })

  it('does not keep what is stored anew from being copied', async () => {
    const { writer, isolate, flush } = await openCopied()
    await writer.cache.aclear()
    await writer.cache.aset('user', 'anew')
    await flush()
    const reader = await isolate().warm()
    expect(await reader.billed(() => reader.cache.aget('user'))).toMatchObject({
      gave: 'anew',
      ownerCalls: 0,
    })
  })
})

describe('KV failing', () => {
  it('is answered by the owner, and told', async () => {
    const faults: unknown[] = []
    const down = () => Promise.reject(new Error('KV GET failed: 429 Too Many Requests'))
    const kv = standForIsolate({
      ...anotherIsolate(countOperations()),
      getWithMetadata: down as CacheKVNamespace['getWithMetadata'],
    })
    const { isolate } = open({ kv, onFault: (fault) => faults.push(fault) })
    const { cache } = isolate()
    await isolate().cache.aset('other', 'there')
    expect(await cache.agetMany(['other', 'none'])).toEqual(new Map([['other', 'there']]))
    expect(faults.map(String)).toEqual(['Error: KV GET failed: 429 Too Many Requests'])
  })
})

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { type CacheShardNamespace, type CacheShardStub, kvAdapter } from './index.ts'
import type { CommitRequest, Rows } from './protocol.ts'

const NOW = 1_000
const set = (key: string, value: number, more = {}) =>
  ({ key, op: { kind: 'set', entry: { value, expiresAt: null } }, ...more }) as const

/** What the calls to an owner make SQLite bill. */
function costsOf(owner: Owner) {
  return async (call: () => Promise<unknown>): Promise<Rows> => {
    const before = await owner.billedRows()
    await call()
    const after = await owner.billedRows()
    return { read: after.read - before.read, written: after.written - before.written }
  }
}

type Owner = CacheShardStub & { billedRows(): Promise<Rows> }

const newOwner = (): Owner => env.CACHE_SHARDS.getByName(crypto.randomUUID())

describe('an owner', () => {
  it('passes over fields that a newer Worker sends', async () => {
    const owner = newOwner()
    const newer = { changes: [set('key', 5, { priority: 'high' })], now: NOW, trace: 'on' }
    expect(await owner.commit(newer)).toMatchObject({ outcomes: [{ ok: true }] })
    const reading = { keys: ['key', 'none'], wanted: 'value' as const, consistency: 'strong' }
    expect(await owner.read(reading)).toMatchObject({ entries: [{ value: 5, expiresAt: null }, null] })
    const clearing = { scope: '', because: 'deploy' }
    expect(await owner.clear(clearing)).toMatchObject({ generation: expect.any(Number) })
  })

  it('refuses an operation that it does not know, with all that was sent with it', async () => {
    const owner = newOwner()
    const changes = [set('key', 5), { key: 'other', op: { kind: 'append', value: 1 } }] as never
    const refused = await owner.commit({ changes, now: NOW }).catch((error: unknown) => error)
    expect(String(refused)).toContain('append')
    const { entries } = await owner.read({ keys: ['key', 'other'], wanted: 'value' })
    expect(entries).toEqual([null, null])
  })

  it('tells what its rows cost', async () => {
    const owner = newOwner()
    const cost = costsOf(owner)
    await owner.commit({ changes: [set('warm', 1)], now: NOW })
    const commit = (changes: CommitRequest['changes']) => cost(() => owner.commit({ changes, now: NOW }))
    expect((await commit([set('key', 5)])).written).toBe(1)
    const read = () => owner.read({ keys: ['key'], wanted: 'value' })
    expect(await cost(read)).toEqual({ read: 1, written: 0 })
    const count = { key: 'key', op: { kind: 'incr', delta: 1 } } as const
    expect((await commit(Array(100).fill(count))).written).toBe(1)
    const refused = { key: 'key', op: { kind: 'add', entry: { value: 1, expiresAt: null } } } as const
    expect((await commit([refused])).written).toBe(0)
  })

  it('answers with the counts of rows that clients of before add up', async () => {
    const owner = newOwner()
    const rows = { read: expect.any(Number), written: expect.any(Number) }
    expect(await owner.commit({ changes: [set('key', 5)], now: NOW })).toMatchObject({ rows })
    expect(await owner.read({ keys: ['key'], wanted: 'value' })).toMatchObject({ rows })
    expect(await owner.clear({ scope: '' })).toMatchObject({ rows })
    expect(await owner.reserve({ blobs: [] })).toMatchObject({ rows })
  })

  it('clears any number of rows at the cost of a few', async () => {
    const owner = newOwner()
    const rows = async (scope: string): Promise<number> => {
      const changes = Array.from({ length: 2_000 }, (_, index) => set(`app:1:${index}`, index))
      await owner.commit({ changes, now: NOW })
      const { written } = await costsOf(owner)(() => owner.clear({ scope }))
      const { entries } = await owner.read({ keys: ['app:1:0', 'app:1:1999'], wanted: 'value' })
      expect(entries).toEqual([null, null])
      return written
    }
    expect(await rows('app:')).toBeLessThan(10)
    expect(await rows('')).toBeLessThan(10)
    expect(await rows('')).toBeLessThan(10)
  })

  it('has what is changed and not replaced be gone by a clear that comes after a later one of others', async () => {
    const owner = newOwner()
    const now = Date.now()
    const text = { value: { format: 'json', data: '"a"' }, expiresAt: now + 60_000 }
    const entries = { 'a:touched': text, 'a:counted': { value: 1, expiresAt: null }, 'a:1:moved': text }
    const sets = Object.entries(entries).map(([key, entry]) => ({ key, op: { kind: 'set', entry } as const }))
    await owner.commit({ now, changes: sets })
    // Two are under way together, and this owner is late to hear of the first.
    await owner.clear({ scope: 'b:', generation: 2 })
    const { outcomes } = await owner.commit({
      now,
      changes: [
        { key: 'a:touched', op: { kind: 'touch', expiresAt: null } },
        { key: 'a:counted', op: { kind: 'incr', delta: 1 } },
        { key: 'a:1:moved', op: { kind: 'move', to: 'a:2:moved' } },
        { key: 'a:new', op: { kind: 'set', entry: text } },
      ],
    })
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, true])
    await owner.clear({ scope: 'a:', generation: 1 })
    const keys = ['a:touched', 'a:counted', 'a:2:moved']
    expect((await owner.read({ keys, wanted: 'value' })).entries).toEqual([null, null, null])
  })
})

/** The binding, whose calls fail as `fault` says; `asked` notes them. */
function failing(fault: (attempt: number) => object | undefined) {
  const asked: string[] = []
  const shards: CacheShardNamespace = {
    idFromName: (name) => env.CACHE_SHARDS.idFromName(name),
    getByName(name, options) {
      const stub = env.CACHE_SHARDS.getByName(name, options)
      const call = <Reply>(method: string, ask: () => unknown): Promise<Reply> => {
        asked.push(method)
        const error = fault(asked.length)
        return error === undefined
          ? (ask() as Promise<Reply>)
          : Promise.reject(Object.assign(new Error('the owner failed'), error))
      }
      return {
        read: (request) => call('read', () => stub.read(request)),
        commit: (request) => call('commit', () => stub.commit(request)),
        clear: (request) => call('clear', () => stub.clear(request)),
        reserve: (request) => call('reserve', () => stub.reserve(request)),
        claim: (request) => call('claim', () => stub.claim(request)),
        renew: (request) => call('renew', () => stub.renew(request)),
        deleteTags: (request) => call('deleteTags', () => stub.deleteTags(request)),
        listKeys: (request) => call('listKeys', () => stub.listKeys(request)),
      }
    },
  }
  const adapter = kvAdapter({ shards, name: crypto.randomUUID(), shardCount: 1 })
  return { asked, cache: createCache({ adapter }) }
}

describe('an owner that does not answer', () => {
  const once = (error: object) => (attempt: number) => (attempt === 1 ? error : undefined)

  it('is asked again where the platform says so, and asking twice comes to the same', async () => {
    const { asked, cache } = failing((attempt) => (attempt % 2 === 1 ? { retryable: true } : undefined))
    expect(await cache.aget('key')).toBeUndefined()
    expect(await cache.agetMany(['key'])).toEqual(new Map())
    expect(asked).toEqual(['read', 'read', 'read', 'read'])
  })

  it.each([
    ['count', (cache: AsyncCache) => cache.aincr('key', 1, { initial: 0 })],
    ['store', (cache: AsyncCache) => cache.aset('key', 1)],
  ])('is not asked to %s twice, and the error says that it may have', async (_, call) => {
    const { asked, cache } = failing(once({ retryable: true }))
    await expect(call(cache)).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      cause: { message: expect.stringContaining('may or may not'), cause: { message: 'the owner failed' } },
    })
    expect(asked).toEqual(['commit'])
  })

  it('is left alone where it is overloaded', async () => {
    const { asked, cache } = failing(once({ retryable: true, overloaded: true }))
    await expect(cache.aget('key')).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      cause: { overloaded: true },
    })
    expect(asked).toEqual(['read'])
  })

  it('fails a clear, which can be called again', async () => {
    const { cache } = failing(once({}))
    await cache.aset('key', 1).catch(() => {})
    await cache.aset('key', 1)
    const { cache: other, asked } = failing(once({}))
    await expect(other.aclear()).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
    await other.aclear()
    expect(asked).toEqual(['clear', 'clear'])
  })
})

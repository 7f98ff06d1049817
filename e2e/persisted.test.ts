import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, type EarlierRow, type EarlierState, post } from './asking.ts'
import { startWorkers, WORKERS } from './start-workers.ts'

/** No time passes for the caches: what is left of a deadline is exact. */
const NOW = Date.now()

/** Each format as it was stored, in the bytes of then: no code of today may have a say in it. */
const STORED: readonly (Pick<EarlierRow, 'key' | 'format' | 'value'> & { readonly read: unknown })[] = [
  { key: 'integer', format: 'integer', value: 42, read: 42 },
  { key: 'large-integer', format: 'integer', value: -9007199254740991, read: Number.MIN_SAFE_INTEGER },
  { key: 'null', format: 'json', value: 'null', read: null },
  { key: 'fraction', format: 'json', value: '0.5', read: 0.5 },
  { key: 'json', format: 'json', value: '{"a":[1,"日",null]}', read: { a: [1, '日', null] } },
  { key: 'bytes', format: 'bytes', value: new Uint8Array([0, 255]), read: new Uint8Array([0, 255]) },
  { key: 'no-bytes', format: 'bytes', value: new Uint8Array(), read: new Uint8Array() },
  { key: 'buffer', format: 'buffer', value: new Uint8Array([1, 2]), read: new Uint8Array([1, 2]).buffer },
  { key: 'minus-zero', format: 'devalue6', value: '-6', read: -0 },
  {
    key: 'rich',
    format: 'devalue6',
    value: '[["Map",1,2,3,4],"at",["Date","1970-01-01T00:00:00.005Z"],"all",["Set",5,-1],["BigInt","1"]]',
    read: new Map<string, unknown>([
      ['at', new Date(5)],
      ['all', new Set([1n, undefined])],
    ]),
  },
  {
    key: 'error',
    format: 'devalue6',
    value: '[["Error",1],[2,3,4],"RangeError","too far",{"limit":5},3]',
    read: { name: 'RangeError', message: 'too far', cause: { limit: 3 } },
  },
  {
    key: 'proto',
    format: 'devalue6',
    value: '[["Entries",1],[2,5],[3,4],"__proto__",1,[6,7],"at",["Date","1970-01-01T00:00:00.000Z"]]',
    read: new Map<string, unknown>([
      ['__proto__', 1],
      ['at', new Date(0)],
    ]),
  },
]

const ROWS: readonly EarlierRow[] = [
  ...STORED.flatMap(({ key, format, value }) => [
    { key: `:1:${key}`, format, value, expiresAt: null },
    { key: `:1:${key}-for-a-while`, format, value, expiresAt: NOW + 90_500 },
  ]),
  { key: ':1:expired', format: 'integer', value: 1, expiresAt: NOW },
  { key: ':2:in-version-2', format: 'json', value: '"two"', expiresAt: null },
  { key: 'app:1:one', format: 'integer', value: 1, expiresAt: null },
  { key: 'app:2:two', format: 'json', value: '"two"', expiresAt: NOW + 90_500 },
  { key: ':1:from-the-future', format: 'from-the-future', value: 'text', expiresAt: null },
  { key: ':1:bytes-from-the-future', format: 'from-the-future', value: new Uint8Array([1]), expiresAt: null },
]

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearcache-persisted-'))
})

afterEach(() => rm(folder, { recursive: true }))

type Ask = (body: unknown) => Promise<unknown>
type CallCache = (method: string, ...args: readonly unknown[]) => Promise<unknown>

/** A deployment of a Worker to the storage in the folder, for as long as `work` takes. */
async function serve(entry: string, work: (ask: Ask) => Promise<unknown>): Promise<void> {
  const workerd = await startWorkers(entry, folder)
  try {
    const worker = await workerd.getWorker(WORKERS[0])
    await work((body) => post((url, init) => worker.fetch(url, init), 'http://worker', body))
  } finally {
    await workerd.dispose()
  }
}

/** Caches as they are today, on what is in the folder: without a prefix, and of the prefix `app`. */
async function withCache(
  work: (call: CallCache, callApp: CallCache) => Promise<void>,
  reads: 'near' | 'owner' = 'owner',
): Promise<void> {
  await serve('asked.worker.ts', (ask) => {
    const callWith =
      (keyPrefix: string): CallCache =>
      async (method, ...args) => {
        const asked: Asked = { now: NOW, keyPrefix, reads, calls: [{ method, args }] }
        const [answer] = (await ask(asked)) as unknown[]
        return answer
      }
    return work(callWith(''), callWith('app'))
  })
}

describe('a cache on what the first version stored', () => {
  beforeEach(() => serve('earlier.worker.ts', (ask) => ask(ROWS)))

  it('reads every format, with what is left of its time', async () => {
    await withCache(async (call) => {
      for (const { key, read } of STORED) {
        expect(await call('aget', key), key).toStrictEqual(read)
        expect(await call('attl', key), key).toBeNull()
        expect(await call('aget', `${key}-for-a-while`), key).toStrictEqual(read)
        expect(await call('attl', `${key}-for-a-while`), key).toBe(90.5)
      }
      const both = STORED.flatMap(({ key }) => [key, `${key}-for-a-while`])
      expect([...((await call('agetMany', both)) as Map<string, unknown>).keys()]).toEqual(both)
      expect(await call('aget', 'expired')).toBeUndefined()
      expect(await call('aget', 'in-version-2', { version: 2 })).toBe('two')
    })
  })

  it('goes on from there, and so does the next deployment', async () => {
    await withCache(async (call) => {
      expect(await call('aincr', 'integer')).toBe(43)
      expect(await call('aincr', 'integer-for-a-while', 8)).toBe(50)
      expect(await call('attl', 'integer-for-a-while')).toBe(90.5)
      expect(await call('aadd', 'json', 'mine')).toBe(false)
      expect(await call('aadd', 'bytes-for-a-while', 'mine')).toBe(false)
      expect(await call('aadd', 'expired', 'mine', null)).toBe(true)
      expect(await call('atouch', 'fraction', 600)).toBe(true)
      expect(await call('apop', 'null')).toBeNull()
      expect(await call('adelete', 'no-bytes')).toBe(true)
      expect(await call('aincrVersion', 'in-version-2', 1, { version: 2 })).toBe(3)
      await call('aset', 'buffer', 'new', null)
    })
    await withCache(async (call) => {
      expect(await call('aincr', 'integer')).toBe(44)
      expect(await call('aget', 'json')).toEqual({ a: [1, '日', null] })
      expect(await call('aget', 'expired')).toBe('mine')
      expect(await call('attl', 'fraction')).toBe(600)
      expect(await call('aget', 'fraction')).toBe(0.5)
      expect(await call('aget', 'null')).toBeUndefined()
      expect(await call('aget', 'no-bytes')).toBeUndefined()
      expect(await call('aget', 'in-version-2', { version: 3 })).toBe('two')
      expect(await call('aget', 'buffer')).toBe('new')
    })
  })

  it('takes a format that it does not know for a miss, which a write mends', async () => {
    await withCache(async (call) => {
      for (const key of ['from-the-future', 'bytes-from-the-future']) {
        expect(await call('aget', key)).toBeUndefined()
        expect(await call('agetMany', [key])).toEqual(new Map())
        await call('aset', key, 'of today')
        expect(await call('aget', key)).toBe('of today')
      }
    })
  })

  it('clears what is of a prefix, and nothing else', async () => {
    await withCache(async (_call, callApp) => {
      expect(await callApp('aget', 'one')).toBe(1)
      await callApp('aclear')
      await callApp('aset', 'new', 'of today', null)
    })
    await withCache(async (call, callApp) => {
      expect(await callApp('agetMany', ['one', 'new'])).toEqual(new Map([['new', 'of today']]))
      expect(await callApp('aget', 'two', { version: 2 })).toBeUndefined()
      expect(await callApp('aadd', 'one', 'of today')).toBe(true)
      for (const { key, read } of STORED) expect(await call('aget', key), key).toStrictEqual(read)
    })
  })

  it('clears all of it', async () => {
    const keys = ROWS.map(({ key }) => key.slice(3))
    await withCache(async (call) => {
      expect(((await call('agetMany', keys)) as Map<string, unknown>).size).toBe(2 * STORED.length)
      await call('aclear')
      expect(await call('agetMany', keys)).toEqual(new Map())
      expect(await call('aadd', 'integer', 0, null)).toBe(true)
    })
    await withCache(async (call, callApp) => {
      expect(await call('agetMany', keys)).toEqual(new Map([['integer', 0]]))
      expect(await call('aget', 'in-version-2', { version: 2 })).toBeUndefined()
      expect(await callApp('aget', 'one')).toBeUndefined()
    })
  })
})

const HOUR = 3_600_000
const LARGE = 'a'.repeat(200_000)
const BLOB = 'default/v1/blobs/earlier'
const pointer = JSON.stringify({ name: BLOB, format: 'json', bytes: 200_002, until: null, at: NOW - HOUR })

/** With copies and clears in KV, before they carried the identity of the objects. */
const WITH_COPIES: EarlierState = {
  tables: {
    entries: [
      [':1:copied', null, 5, 'json', '"stored"'],
      [':1:page', null, 5, 'blob', pointer],
      [':1:count', null, 5, 'integer', 7],
      ['app:1:cleared', null, 4, 'json', '"cleared"'],
      ['app:1:kept', null, 5, 'json', '"kept"'],
    ],
    clears: [
      ['app:', 5, NOW - 1_000, 0],
      ['', 3, NOW - HOUR, 1],
    ],
    copies: [
      [':1:copied', NOW + HOUR, -NOW],
      ['app:1:kept', NOW + HOUR, NOW],
    ],
    settings: [
      ['prefix', 'default/v1/8/'],
      ['swept at', `${NOW - 1_000}`],
    ],
    blobs: [[BLOB, ':1:page', NOW - HOUR]],
  },
  kv: [
    { key: BLOB, value: JSON.stringify(LARGE) },
    { key: 'default/v1/clears/8', value: '{"app:":5}' },
    {
      key: 'default/v1/8/:1:copied',
      value: '"copied"',
      metadata: {
        nearcache: 1,
        format: 'json',
        expiresAt: null,
        until: NOW + HOUR,
        generation: 5,
        stamp: NOW,
      },
    },
  ],
}

describe('a cache on what was stored before copies named their objects', () => {
  beforeEach(() => serve('earlier-copies.worker.ts', (ask) => ask(WITH_COPIES)))

  it('reads all of it, and no copy of then', async () => {
    for (const reads of ['near', 'owner', 'near'] as const) {
      await withCache(async (call, callApp) => {
        expect(await call('aget', 'copied')).toBe('stored')
        expect(await call('aget', 'page')).toBe(LARGE)
        expect(await call('aget', 'count')).toBe(7)
        expect(await callApp('aget', 'kept')).toBe('kept')
        expect(await callApp('aget', 'cleared')).toBeUndefined()
      }, reads)
    }
  })

  it('goes on from there, and so does the next deployment', async () => {
    await withCache(async (call, callApp) => {
      expect(await call('aincr', 'count')).toBe(8)
      expect(await call('atouch', 'page', 600)).toBe(true)
      expect(await call('aget', 'page')).toBe(LARGE)
      await call('aset', 'copied', 'new', null)
      await callApp('aclear')
      expect(await callApp('aget', 'kept')).toBeUndefined()
      await callApp('aset', 'anew', 'of today', null)
    }, 'near')
    await withCache(async (call, callApp) => {
      expect(await call('agetMany', ['copied', 'page', 'count'])).toEqual(
        new Map<string, unknown>([
          ['copied', 'new'],
          ['page', LARGE],
          ['count', 8],
        ]),
      )
      expect(await call('apop', 'page')).toBe(LARGE)
      expect(await callApp('agetMany', ['kept', 'anew'])).toEqual(new Map([['anew', 'of today']]))
    }, 'near')
  })
})

import { describe, expect, it } from 'vitest'
import { indexedDBAdapter } from '../adapters/indexeddb/index.ts'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import type { AsyncCache } from './cache.ts'
import { createCaches } from './caches.ts'
import { createCache } from './create-cache.ts'
import type { Timeout } from './expiry.ts'
import { defaultKeyFunction } from './keys.ts'
import type { CacheOptions } from './options.ts'
import type { SyncCache } from './sync-cache.ts'

type Async = Exclude<keyof AsyncCache, symbol | 'aclear' | 'aclose'>
type Sync = Exclude<keyof SyncCache, keyof AsyncCache | 'clear'>

type Last<Items extends readonly unknown[]> =
  Required<Items> extends [...unknown[], infer Item] ? Item : never

/** Every option of a method: when its type gets a new one, this file compiles only with it, and runs only if it is taken. */
type All<Name extends Async | Sync> = Required<
  Exclude<Last<Parameters<SyncCache[Name]>>, Timeout | undefined>
>

const keyed = { version: 2 } as const
const reading = { ...keyed, fresh: true } as const
const getting = { ...reading, default: 0 } as const
const popping = { ...keyed, default: 0 } as const
const timed = { ...keyed, timeout: 60 } as const
const counting = { ...timed, initial: 0 } as const

const sync: { readonly [Name in Sync]: readonly [leading: readonly unknown[], options: All<Name>] } = {
  get: [['key'], getting],
  set: [['key', 1], timed],
  add: [['key', 1], timed],
  getOrSet: [['key', 1], timed],
  touch: [['key'], timed],
  delete: [['key'], keyed],
  hasKey: [['key'], reading],
  incr: [['count', 1], counting],
  decr: [['count', 1], counting],
  ttl: [['key'], reading],
  pop: [['key'], popping],
  lock: [['lock'], timed],
  getMany: [[['key']], reading],
  setMany: [[{ key: 1 }], timed],
  deleteMany: [[['key']], keyed],
  incrVersion: [['key', 0], keyed],
  decrVersion: [['key', 0], keyed],
}

const promised: { readonly [Name in Async]: All<Name> } = {
  aget: getting,
  aset: timed,
  aadd: timed,
  agetOrSet: { ...timed, fresh: true, signal: new AbortController().signal },
  atouch: timed,
  adelete: keyed,
  ahasKey: reading,
  aincr: counting,
  adecr: counting,
  attl: reading,
  apop: popping,
  alock: { ...timed, wait: 0 },
  agetMany: reading,
  asetMany: timed,
  adeleteMany: keyed,
  aincrVersion: keyed,
  adecrVersion: keyed,
}

const toMakeOne: Required<CacheOptions> = {
  adapter: memoryAdapter(),
  timeout: 60,
  keyPrefix: 'app',
  version: 1,
  keyFunction: defaultKeyFunction,
  keys: 'off',
  onWarning: () => {},
  onError: () => 'throw',
  operationTimeout: 30,
  clock: () => 0,
  random: () => 0,
  sleep: async () => {},
}

const cases = [
  ...Object.entries(sync).map(([name, [leading, options]]) => ({
    name,
    leading,
    options,
    at: memoryAdapter,
  })),
  ...Object.entries(promised).flatMap(([name, options]) => {
    const [leading] = sync[name.slice(1) as Sync]
    return [memoryAdapter, distant].map((at) => ({ name, leading, options, at }))
  }),
]

describe('the closed lists of options', () => {
  it.each(cases)('$name, $at.name: takes each of its options', async ({ name, leading, options, at }) => {
    const cache = createCache({ adapter: at() })
    await cache.asetMany({ key: 1, count: 1 }, keyed)
    await expect(call(cache, name, [...leading, options])).resolves.not.toThrow()
  })

  it.each(cases)(
    '$name, $at.name: takes no others, and lists its own',
    async ({ name, leading, options, at }) => {
      const cache = createCache({ adapter: at() })
      const error = await call(cache, name, [...leading, { ...options, other: 1 }]).catch(String)
      expect(error).toMatch(/^TypeError: \w+ has no option "other"/)
      expect(listed(error)).toEqual(Object.keys(options).sort())
    },
  )

  it.each([
    ['memoryAdapter', (options: object) => memoryAdapter(options)],
    ['indexedDBAdapter', (options: object) => indexedDBAdapter({ name: 'db', ...options })],
    ['all', (options: object) => createCaches({}).all(options)],
  ])('%s: takes no others', (name, take) => {
    expect(() => take({ other: 1 })).toThrow(new RegExp(`${name} has no option "other"`))
    expect(() => take({})).not.toThrow()
  })

  it('createCache: takes each of its options, no others, and lists its own', () => {
    expect(() => createCache(toMakeOne)).not.toThrow()
    const one = { ...toMakeOne, other: 1 }
    expect(() => createCache(one)).toThrow('createCache has no option "other"')
    try {
      createCache(one)
    } catch (error) {
      expect(listed(error)).toEqual(Object.keys(toMakeOne).sort())
    }
  })
})

/** A memory that cannot answer at once. */
function distant(): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

async function call(cache: AsyncCache, name: string, args: readonly unknown[]): Promise<unknown> {
  const method: (...args: readonly unknown[]) => unknown = Reflect.get(cache, name)
  return method.apply(cache, [...args])
}

/** The options that a refusal lists. */
function listed(error: unknown): string[] | undefined {
  return / it takes (.*)$/.exec(String(error))?.[1]?.split(', ').sort()
}

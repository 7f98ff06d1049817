import { describe, expect, it } from 'vitest'
import { indexedDBAdapter, lruLimits } from '../adapters/indexeddb/index.ts'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import type { AsyncCache } from './cache.ts'
import { createCaches } from './caches.ts'
import { createCache } from './create-cache.ts'
import type { Timeout } from './expiry.ts'
import { defaultKeyFunction } from './keys.ts'
import type { CacheOptions } from './options.ts'
import type { SyncCache } from './sync-cache.ts'

type Async = Exclude<
  keyof AsyncCache,
  symbol | 'aclear' | 'aclose' | 'adeleteTags' | 'aexpireTags' | 'subscribe' | 'stats'
>
type Sync = Exclude<keyof SyncCache, keyof AsyncCache | 'clear' | 'deleteTags' | 'expireTags'>

type Last<Items extends readonly unknown[]> =
  Required<Items> extends [...unknown[], infer Item] ? Item : never

/**
 * Every option of a method. If a type gets a new option, this file compiles only with it, and passes only if
 * the method accepts it.
 */
type All<Name extends Async | Sync> = Required<
  Exclude<Last<Parameters<SyncCache[Name]>>, Timeout | undefined>
>

const keyed = { version: 2 } as const
const reading = { ...keyed, fresh: true } as const
const schema = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as const
const describing = { ...reading, schema } as const
const getting = { ...describing, default: 0 } as const
const popping = { ...keyed, default: 0 } as const
const timed = { ...keyed, timeout: 60 } as const
const tagged = { ...timed, tags: ['a'], keepAge: true, jitter: 0.1 }
const storing = { ...tagged, staleWhileRevalidate: 60, staleIfError: 60 }
const counting = { ...timed, initial: 0, tags: ['a'] }

const sync: { readonly [Name in Sync]: readonly [leading: readonly unknown[], options: All<Name>] } = {
  get: [['key'], getting],
  set: [['key', 1], storing],
  add: [['key', 1], storing],
  getOrSet: [['key', 1], { ...tagged, schema }],
  touch: [['key'], timed],
  delete: [['key'], keyed],
  expire: [['key'], keyed],
  entry: [['key'], describing],
  hasKey: [['key'], reading],
  incr: [['count', 1], counting],
  incrWithTtl: [['count', 1], counting],
  decr: [['count', 1], counting],
  ttl: [['key'], reading],
  pop: [['key'], popping],
  lock: [['lock'], timed],
  getMany: [[['key']], describing],
  setMany: [[{ key: 1 }], storing],
  deleteMany: [[['key']], keyed],
  keys: [['key'], keyed],
  entries: [['key'], { ...keyed, schema }],
  incrVersion: [['key', 0], keyed],
  decrVersion: [['key', 0], keyed],
}

const promised: { readonly [Name in Async]: All<Name> } = {
  aget: getting,
  aset: storing,
  aadd: storing,
  agetOrSet: {
    ...storing,
    fresh: true,
    schema,
    earlyRefresh: 1,
    softTimeout: 1,
    hardTimeout: 1,
    signal: new AbortController().signal,
    status: {},
    waitUntil: () => {},
  },
  atouch: timed,
  adelete: keyed,
  ahasKey: reading,
  aincr: counting,
  aincrWithTtl: counting,
  adecr: counting,
  attl: reading,
  apop: popping,
  alock: { ...timed, wait: 0 },
  aentry: describing,
  aexpire: keyed,
  agetMany: describing,
  asetMany: storing,
  adeleteMany: keyed,
  akeys: keyed,
  aentries: { ...keyed, schema },
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
  schema,
  loadDefaults: { earlyRefresh: true },
  onEvent: () => {},
  waitUntil: () => {},
  clock: () => 0,
  random: () => 0,
  sleep: async () => {},
}

/** An invalid value for each option. `undefined` means "not given", and a `default` may be anything. */
const wrong: Readonly<Record<string, readonly unknown[]>> = {
  version: [
    null,
    '',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    {},
    [2],
    2n,
    Symbol('s'),
    () => 2,
    new Date(),
  ],
  timeout: [
    '',
    '60',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    {},
    [60],
    60n,
    Symbol('s'),
    () => 60,
    new Date(),
  ],
  initial: [null, '', '0', Number.NaN, 0.5, 2 ** 53, true, {}, [0], 0n, Symbol('s'), () => 0],
  fresh: [null, '', 'no', Number.NaN, 0, 1, {}, [], 1n, Symbol('s'), () => true],
  staleWhileRevalidate: ['', '60', Number.NaN, true, {}, 60n],
  staleIfError: ['', '60', Number.NaN, true, {}, 60n],
  tags: ['a', {}, [1], [''], ['\ud800'], new Set(['a'])],
  keepAge: [null, '', 0, 1, {}],
  jitter: [null, '', -0.1, 1.1, Number.NaN, true],
  earlyRefresh: [null, '', 0, -1, Number.NaN],
  softTimeout: [null, '', 0, -1, Number.NaN, true],
  hardTimeout: [null, '', 0, -1, Number.NaN, true],
  schema: [null, '', {}, () => {}, { '~standard': {} }],
  status: [null, '', 0, true],
  waitUntil: [null, '', 0, {}],
  wait: [null, '', '5', Number.NaN, true, {}, [5], 5n, Symbol('s'), () => 5],
  signal: [
    null,
    '',
    0,
    true,
    {},
    [],
    Symbol('s'),
    () => {},
    new AbortController(),
    new EventTarget(),
    { aborted: false },
  ],
}

const noBags = [
  null,
  0,
  60,
  '',
  'default',
  true,
  false,
  5n,
  Symbol('s'),
  () => ({}),
  [],
  [60],
  new Date(),
  new Map(),
]

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
  it.each(cases)('$name, $at.name: accepts each of its options', async ({ name, leading, options, at }) => {
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

  it.each(cases)(
    '$name, $at.name: refuses what an option cannot be, under its own name, with nothing done',
    async ({ name, leading, options, at }) => {
      const adapter = at()
      const cache = createCache({ adapter })
      await cache.asetMany({ key: 1, count: 1 }, keyed)
      const before = await stored(cache)
      let loads = 0
      const load = () => {
        loads += 1
        return Promise.reject(new Error('nobody hears this'))
      }
      for (const [option, wrongs] of Object.entries(wrong)) {
        if (!(option in options)) continue
        for (const value of wrongs) {
          // For an existing key and for a missing one.
          for (const key of [leading[0], typeof leading[0] === 'string' ? 'missing' : leading[0]]) {
            const rest = name.endsWith('etOrSet') ? [load] : leading.slice(1)
            const error = await refusal(cache, name, [key, ...rest, { ...options, [option]: value }])
            expect(error, `${option}: ${String(value)}`).toBeInstanceOf(Error)
            const { name: kind, message } = error as Error
            expect(['TypeError', 'RangeError']).toContain(kind)
            expect(message).toMatch(new RegExp(`^${name} takes .* ${option}: `))
          }
        }
      }
      expect(loads).toBe(0)
      expect(await stored(cache)).toEqual(before)
    },
  )

  it.each(cases)(
    '$name, $at.name: refuses what is no bag of options, under its own name, with nothing done',
    async ({ name, leading, options, at }) => {
      const cache = createCache({ adapter: at() })
      await cache.asetMany({ key: 1, count: 1 }, keyed)
      const before = await stored(cache)
      const timeoutMayStand = 'timeout' in options && !/incr|decr|lock/.test(name)
      for (const bag of noBags) {
        if (timeoutMayStand && (bag === null || typeof bag === 'number')) continue
        const error = await refusal(cache, name, [...leading, bag])
        expect(error, String(bag)).toBeInstanceOf(TypeError)
        expect((error as Error).message).toMatch(new RegExp(`^${name} takes .*: got \\w+`))
      }
      expect(await stored(cache)).toEqual(before)
    },
  )

  it.each(cases)(
    '$name, $at.name: takes undefined for "not given"',
    async ({ name, leading, options, at }) => {
      const cache = createCache({ adapter: at() })
      await cache.asetMany({ key: 1, count: 1 })
      const none = Object.fromEntries(Object.keys(options).map((option) => [option, undefined]))
      const required = name.endsWith('lock') ? { timeout: 60 } : {}
      await expect(call(cache, name, [...leading, { ...none, ...required }])).resolves.not.toThrow()
      if (!name.endsWith('lock'))
        await expect(call(cache, name, [...leading, undefined])).resolves.not.toThrow()
    },
  )

  it.each(cases)(
    '$name, $at.name: refuses a key that is no text, under its own name',
    async ({ name, leading, at }) => {
      const cache = createCache({ adapter: at() })
      const before = await stored(cache)
      for (const key of [
        7,
        0,
        null,
        undefined,
        true,
        {},
        ['key'],
        Symbol('s'),
        7n,
        () => 'key',
        new String('key'),
      ]) {
        // Without a prefix, a listing is of all keys.
        if (key === undefined && /keys|entries/.test(name)) continue
        const [first] = leading
        const given = Array.isArray(first)
          ? ['key', key]
          : typeof first === 'string'
            ? key
            : [
                ['key', 1],
                [key, 1],
              ]
        const rest = name.endsWith('lock') ? [{ timeout: 60 }] : leading.slice(1)
        const error = await refusal(cache, name, [given, ...rest])
        expect(error).toBeInstanceOf(TypeError)
        expect((error as Error).message).toMatch(
          new RegExp(`^${name} takes a string for (key|prefix): got \\w+$`),
        )
      }
      expect(await stored(cache)).toEqual(before)
    },
  )

  it.each([
    ['memoryAdapter', (options: object) => memoryAdapter(options)],
    ['indexedDBAdapter', (options: object) => indexedDBAdapter({ name: 'db', ...options })],
    ['lruLimits', (options: object) => lruLimits(options)],
    ['all', (options: object) => createCaches({}).all(options)],
  ])('%s: accepts no others', (name, take) => {
    expect(() => take({ other: 1 })).toThrow(new RegExp(`${name} has no option "other"`))
    expect(() => take({})).not.toThrow()
  })

  it('createCache: accepts each of its options and no others, and lists them', () => {
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

/** The memory adapter without its sync methods. */
function distant(): Adapter {
  const { name, supports, read, commit, clear, listKeys, close } = memoryAdapter()
  return { name, supports, read, commit, clear, ...(listKeys && { listKeys }), close }
}

/** Everything that the cases may have changed. */
async function stored(cache: AsyncCache): Promise<unknown> {
  const keys = ['key', 'count', 'lock', 'missing']
  return [await cache.agetMany(keys), await cache.agetMany(keys, keyed)]
}

async function call(cache: AsyncCache, name: string, args: readonly unknown[]): Promise<unknown> {
  const method: (...args: readonly unknown[]) => unknown = Reflect.get(cache, name)
  const answer = method.apply(cache, [...args])
  // A listing begins when it is read.
  return isAsyncGenerator(answer) ? answer.next() : answer
}

function isAsyncGenerator(answer: unknown): answer is AsyncGenerator {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer
}

/** The error of a call. */
async function refusal(cache: AsyncCache, name: string, args: readonly unknown[]): Promise<unknown> {
  return call(cache, name, args).then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

/** The options that an error message lists. */
function listed(error: unknown): string[] | undefined {
  return / it takes (.*)$/.exec(String(error))?.[1]?.split(', ').sort()
}

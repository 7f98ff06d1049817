import { describe, expectTypeOf, it } from 'vitest'
import { indexedDBAdapter } from './adapters/indexeddb/index.ts'
import { memoryAdapter } from './adapters/memory/index.ts'
import {
  type Adapter,
  type AsyncCache,
  type CacheError,
  type CacheErrorCode,
  createCache,
  isCacheError,
  type StorageFigures,
  type SyncCache,
} from './index.ts'

declare const distant: Adapter

interface User {
  readonly name: string
}

type Twin =
  | 'get'
  | 'set'
  | 'add'
  | 'getOrSet'
  | 'touch'
  | 'delete'
  | 'hasKey'
  | 'incr'
  | 'decr'
  | 'getMany'
  | 'setMany'
  | 'deleteMany'
  | 'incrVersion'
  | 'decrVersion'
  | 'clear'
  | 'ttl'
  | 'pop'
  | 'lock'

const inMemory = createCache({ adapter: memoryAdapter() })
const elsewhere = createCache({ adapter: distant })

describe('createCache()', () => {
  it('gives sync twins in memory and only there', () => {
    expectTypeOf(inMemory).toEqualTypeOf<SyncCache>()
    expectTypeOf(elsewhere).toEqualTypeOf<AsyncCache>()
    expectTypeOf(createCache({ adapter: indexedDBAdapter({ name: 'types' }) })).toEqualTypeOf<AsyncCache>()
    expectTypeOf<Twin & keyof SyncCache>().toEqualTypeOf<Twin>()
    expectTypeOf<Twin & keyof AsyncCache>().toEqualTypeOf<never>()
    // @ts-expect-error
    elsewhere.get('k')
  })

  it('takes no unknown options', () => {
    // @ts-expect-error
    createCache({ adapter: distant, timout: 60 })
    // @ts-expect-error
    createCache({ adapter: distant, timeout: '60' })
  })
})

describe('aget() and get()', () => {
  it('give unknown, or what the caller claims, or undefined', () => {
    expectTypeOf(elsewhere.aget('k')).resolves.toEqualTypeOf<unknown>()
    expectTypeOf(elsewhere.aget<User>('k')).resolves.toEqualTypeOf<User | undefined>()
    expectTypeOf(inMemory.get<User>('k', { version: 2 })).toEqualTypeOf<User | undefined>()
  })

  it('are widened by a default', () => {
    expectTypeOf(elsewhere.aget<User>('k', { default: null })).resolves.toEqualTypeOf<User | null>()
    expectTypeOf(elsewhere.aget<User, 'none'>('k', { default: 'none' })).resolves.toEqualTypeOf<
      User | 'none'
    >()
    expectTypeOf(inMemory.get<User>('k', { default: { name: 'nobody' } })).toEqualTypeOf<User>()
    expectTypeOf(elsewhere.aget('k', { default: 'light' })).resolves.toEqualTypeOf<string>()
  })

  it('take no timeout and no option that does not exist', () => {
    // @ts-expect-error
    elsewhere.aget('k', { verison: 2 })
    // @ts-expect-error
    elsewhere.aget('k', { timeout: 1 })
  })
})

describe('aset()', () => {
  it('takes a timeout or a bag of options', () => {
    expectTypeOf(elsewhere.aset).toBeCallableWith('k', 1)
    expectTypeOf(elsewhere.aset).toBeCallableWith('k', 1, null)
    expectTypeOf(elsewhere.aset).toBeCallableWith('k', 1, { timeout: 60, version: 'v2' })
    // @ts-expect-error
    elsewhere.aset('k', 1, { tiemout: 60 })
    // @ts-expect-error
    elsewhere.aset('k', 1, '60')
    // @ts-expect-error
    elsewhere.aset(7, 1)
  })
})

describe('agetOrSet()', () => {
  it('gives what its loader gives', () => {
    expectTypeOf(elsewhere.agetOrSet('k', async () => ({ users: 3 }))).resolves.toEqualTypeOf<{
      users: number
    }>()
    expectTypeOf(elsewhere.agetOrSet('k', () => 'text')).resolves.toEqualTypeOf<string>()
    expectTypeOf(elsewhere.agetOrSet('k', 5, 60)).resolves.toEqualTypeOf<number>()
    expectTypeOf(inMemory.getOrSet('k', () => 5)).toEqualTypeOf<number>()
    // What cannot wait is not told to give a number: it would have to wait for one.
    expectTypeOf(inMemory.getOrSet('k', async () => 5)).toEqualTypeOf<Promise<number>>()
    // @ts-expect-error A promise is no number, and getOrSet cannot wait for it.
    inMemory.getOrSet<number>('k', async () => 5)
    // @ts-expect-error
    elsewhere.agetOrSet('k')
    // @ts-expect-error
    elsewhere.agetOrSet('k', 5, { tiemout: 60 })
  })
})

describe('the rest', () => {
  it('says what it gives', () => {
    expectTypeOf(elsewhere.agetMany<User>(['a'])).resolves.toEqualTypeOf<Map<string, User>>()
    expectTypeOf(elsewhere.asetMany({ a: 1 })).resolves.toEqualTypeOf<string[]>()
    expectTypeOf(elsewhere.attl('k')).resolves.toEqualTypeOf<number | null | undefined>()
    expectTypeOf(elsewhere.apop<User>('k')).resolves.toEqualTypeOf<User | undefined>()
    // @ts-expect-error A lock needs a timeout.
    elsewhere.alock('k', {})
  })
})

describe('createCache<Schema>()', () => {
  type Keys = { [key: `user:${string}`]: User; [key: `views:${string}`]: number; theme: 'dark' | 'light' }
  const typed = createCache<Keys>({ adapter: distant })
  const typedInMemory = createCache<Keys>({ adapter: memoryAdapter() })

  it('knows the value of each key', () => {
    expectTypeOf(typed.aget('user:1')).resolves.toEqualTypeOf<User | undefined>()
    expectTypeOf(typed.aget('theme', { default: null })).resolves.toEqualTypeOf<'dark' | 'light' | null>()
    expectTypeOf(typed.apop('views:home')).resolves.toEqualTypeOf<number | undefined>()
    expectTypeOf(typed.agetOrSet('user:1', async () => ({ name: 'Ada' }))).resolves.toEqualTypeOf<User>()
    expectTypeOf(typed.agetMany(['user:1', 'user:2'])).resolves.toEqualTypeOf<
      Map<'user:1' | 'user:2', User>
    >()
    expectTypeOf(typedInMemory.get('theme')).toEqualTypeOf<'dark' | 'light' | undefined>()
    expectTypeOf(typedInMemory.getOrSet('views:home', () => 0)).toEqualTypeOf<number>()
  })

  it('takes no other key and no other value', () => {
    // @ts-expect-error
    typed.aget('usr:1')
    // @ts-expect-error
    typed.aset('user:1', { nom: 'Ada' })
    // @ts-expect-error
    typed.agetOrSet('theme', () => 'blue')
    // @ts-expect-error
    typed.asetMany({ theme: 'blue' })
    // @ts-expect-error
    typedInMemory.add('views:home', '1')
    typed.asetMany({ theme: 'dark', 'user:1': { name: 'Ada' } })
    typed.asetMany([['views:home', 1] as const])
    typed.asetMany(new Map([['user:1' as const, { name: 'Ada' }]]))
  })

  it('counts only where there are numbers', () => {
    expectTypeOf(typed.aincr('views:home')).resolves.toEqualTypeOf<number>()
    // @ts-expect-error
    typed.aincr('theme')
    // @ts-expect-error
    typedInMemory.decr('user:1')
  })

  it('takes an optional key for one like any other', () => {
    const optional = createCache<{ theme?: 'dark' | 'light'; views?: number }>({ adapter: memoryAdapter() })
    expectTypeOf(optional.get('theme', { default: null })).toEqualTypeOf<'dark' | 'light' | null>()
    expectTypeOf(optional.incr('views')).toEqualTypeOf<number>()
    expectTypeOf(optional.aincr('views')).resolves.toEqualTypeOf<number>()
    // @ts-expect-error
    optional.set('theme', undefined)
    // @ts-expect-error
    optional.incr('theme')
  })

  it('keeps sync names off async caches, and the rest as it was', () => {
    // @ts-expect-error
    typed.get('theme')
    expectTypeOf(typed.aclear).toEqualTypeOf<AsyncCache['aclear']>()
    expectTypeOf(typed.alock).toEqualTypeOf<AsyncCache['alock']>()
    expectTypeOf(typedInMemory.clear).toEqualTypeOf<SyncCache['clear']>()
  })
})

describe('isCacheError()', () => {
  it('knows the code that was asked for', () => {
    const error: unknown = undefined
    if (isCacheError(error, 'QUOTA_EXCEEDED')) {
      expectTypeOf(error.code).toEqualTypeOf<'QUOTA_EXCEEDED'>()
      expectTypeOf(error).toExtend<CacheError>()
      expectTypeOf(error.estimate).toEqualTypeOf<StorageFigures | undefined>()
    } else {
      expectTypeOf(error).toEqualTypeOf<unknown>()
    }
    if (isCacheError(error)) expectTypeOf(error).toEqualTypeOf<CacheError>()
    // @ts-expect-error
    isCacheError(error, 'QUOTA_EXEEDED')
  })

  it('says nothing of an error that has another code', () => {
    const hear = (error: CacheError) => {
      if (isCacheError(error, 'QUOTA_EXCEEDED')) return error.estimate
      expectTypeOf(error).toEqualTypeOf<CacheError>()
      if (isCacheError(error, 'ADAPTER_FAILED')) return error.cause
      expectTypeOf(error.code).toEqualTypeOf<CacheErrorCode>()
      return error.code === 'KEY_NOT_FOUND' ? error.key : error.message
    }
    expectTypeOf(hear).parameter(0).toEqualTypeOf<CacheError>()
    createCache({
      adapter: distant,
      onError: (error) => (isCacheError(error, 'QUOTA_EXCEEDED') ? 'throw' : error.key ? 'throw' : 'miss'),
    })
  })

  it('says no more of a code that is known only at run time', () => {
    const hear = (
      error: CacheError | TypeError,
      code: CacheErrorCode,
      two: 'UNSUPPORTED' | 'INVALID_KEY',
    ) => {
      if (isCacheError(error, code)) expectTypeOf(error.code).toEqualTypeOf<CacheErrorCode>()
      else expectTypeOf(error).toEqualTypeOf<CacheError | TypeError>()
      if (isCacheError(error, two)) expectTypeOf(error.code).toEqualTypeOf<'UNSUPPORTED' | 'INVALID_KEY'>()
      else expectTypeOf(error).toEqualTypeOf<CacheError | TypeError>()
      if (isCacheError(error)) expectTypeOf(error).toEqualTypeOf<CacheError>()
      else expectTypeOf(error).toEqualTypeOf<TypeError>()
    }
    expectTypeOf(hear).parameters.toExtend<[unknown, string, string]>()
  })
})

describe('asetMany()', () => {
  it('takes data, not what is still to come or has a class of its own', () => {
    expectTypeOf(elsewhere.asetMany).toBeCallableWith({ a: 1 })
    expectTypeOf(elsewhere.asetMany).toBeCallableWith(new Map([['a', 1]]))
    expectTypeOf(elsewhere.asetMany).toBeCallableWith([['a', 1]])
    // @ts-expect-error
    elsewhere.asetMany(Promise.resolve({ a: 1 }))
    // @ts-expect-error
    elsewhere.asetMany(new Date())
    // @ts-expect-error
    elsewhere.asetMany(new Set(['a']))
    // @ts-expect-error
    elsewhere.agetMany(Promise.resolve(['a']))
    // @ts-expect-error
    elsewhere.agetMany(new Map([['a', 1]]))
  })
})

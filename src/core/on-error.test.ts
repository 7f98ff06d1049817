import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import { createCache } from './create-cache.ts'
import type { CacheError } from './errors.ts'

/** A store whose methods fail as `down` says. */
function open(down: { read?: boolean; commit?: boolean }, answer: 'throw' | 'miss' = 'miss') {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  const fail = () => Promise.reject(new Error('no connection'))
  const reads: (boolean | undefined)[] = []
  const adapter: Adapter = {
    name,
    supports,
    clear,
    close,
    read(keys, now, wanted, fresh) {
      reads.push(fresh)
      return down.read ? fail() : read(keys, now, wanted)
    },
    commit: (changes, now) => (down.commit ? fail() : commit(changes, now)),
  }
  const errors: CacheError[] = []
  const onError = (error: CacheError) => {
    errors.push(error)
    return answer
  }
  return { cache: createCache({ adapter, onError }), errors, reads, down }
}

describe('onError', () => {
  it('turns failed reads into misses, and is called for each', async () => {
    const { cache, errors } = open({ read: true })
    expect(await cache.aget('key', { default: 'mine' })).toBe('mine')
    expect(await cache.agetMany(['a', 'b'])).toEqual(new Map())
    expect(await cache.ahasKey('key')).toBe(false)
    expect(await cache.attl('key')).toBeUndefined()
    expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('ADAPTER_FAILED'))
    expect(errors[0]?.cause).toEqual(new Error('no connection'))
  })

  it('lets agetOrSet load and return a value that it could not store', async () => {
    const { cache, errors } = open({ commit: true })
    expect(await cache.agetOrSet('key', async () => 'loaded')).toBe('loaded')
    expect(errors).toHaveLength(1)
  })

  it('lets agetOrSet load after a failed read, and not try to store', async () => {
    const { cache, errors } = open({ read: true, commit: true })
    expect(await cache.agetOrSet('key', async () => 'loaded')).toBe('loaded')
    expect(errors).toHaveLength(1)
  })

  it('is not called for writes, counters, additions and locks', async () => {
    const { cache, errors } = open({ commit: true })
    for (const call of [
      () => cache.aset('key', 1),
      () => cache.aadd('key', 1),
      () => cache.aincr('key', 1, { initial: 0 }),
      () => cache.adelete('key'),
      () => cache.apop('key'),
      () => cache.alock('key', { timeout: 5 }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
    }
    expect(errors).toEqual([])
  })

  it('may throw', async () => {
    const { cache, errors } = open({ read: true }, 'throw')
    await expect(cache.aget('key')).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
    expect(errors).toHaveLength(1)
  })

  it('is not called for a loader’s own errors', async () => {
    const { cache, errors } = open({})
    await expect(cache.agetOrSet('key', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    expect(errors).toEqual([])
  })
})

describe('onError, on a sync adapter', () => {
  /** A memory adapter that fails, through a bucket or without one. */
  function openSync(answer: 'throw' | 'miss' = 'miss') {
    const fail = () => {
      throw new Error('no access')
    }
    const bucket = { hasSafe: () => false, tryIncr: fail, trySet: () => false, read: fail, commit: fail }
    const broken = { bucket: () => bucket, readSync: fail, commitSync: fail, read: fail, commit: fail }
    const errors: CacheError[] = []
    const onError = (error: CacheError) => {
      errors.push(error)
      return answer
    }
    return { cache: createCache({ adapter: { ...memoryAdapter(), ...broken }, onError }), errors }
  }

  it('turns failed reads into misses, and is called for each', async () => {
    const { cache, errors } = openSync()
    expect(cache.get('key', { default: 'mine' })).toBe('mine')
    expect(await cache.aget('key', { default: 'mine' })).toBe('mine')
    expect(cache.getMany(['a', 'b'])).toEqual(new Map())
    expect(cache.hasKey('key')).toBe(false)
    expect(cache.ttl('key')).toBeUndefined()
    expect(errors.map(({ code }) => code)).toEqual(Array(5).fill('ADAPTER_FAILED'))
  })

  it('lets getOrSet and agetOrSet load and return a value that they could not store', async () => {
    const { cache } = openSync()
    expect(cache.getOrSet('key', () => 'loaded')).toBe('loaded')
    expect(await cache.agetOrSet('key', () => 'loaded')).toBe('loaded')
    expect(await cache.agetOrSet('key', () => 'loaded', { timeout: 5 })).toBe('loaded')
    expect(() => cache.getOrSet('key', () => ({ f: () => 1 }))).toThrow(/getOrSet cannot store/)
  })

  it('is not called for writes, and may throw', () => {
    const { cache, errors } = openSync()
    expect(() => cache.set('key', 1)).toThrow(/failed in the memory adapter/)
    expect(() => cache.pop('key')).toThrow(/failed in the memory adapter/)
    expect(errors).toEqual([])
    const throwing = openSync('throw')
    expect(() => throwing.cache.get('key')).toThrow(/failed in the memory adapter/)
    expect(() => throwing.cache.getOrSet('key', 1)).toThrow(/failed in the memory adapter/)
    expect(throwing.errors).toHaveLength(2)
  })
})

describe('fresh', () => {
  it('is passed to the adapter by every method that reads', async () => {
    const { cache, reads } = open({})
    const fresh = { fresh: true }
    await cache.aget('key', fresh)
    await cache.agetMany(['key'], fresh)
    await cache.ahasKey('key', fresh)
    await cache.attl('key', fresh)
    await cache.agetOrSet('key', 1, fresh)
    expect(reads).toEqual(Array(5).fill(true))
    await cache.aget('key')
    expect(reads.at(-1)).toBe(false)
  })

  it('is used by agetOrSet to read a value stored by someone else', async () => {
    const { cache, reads } = open({})
    await cache.agetOrSet('key', async () => {
      await cache.aset('key', 'theirs')
      return 'mine'
    })
    expect(reads).toEqual([false, true])
  })
})

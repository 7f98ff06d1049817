import { describe, expect, it } from 'vitest'
import { readMany, withCacheTtl } from './kv-reads.ts'
import type { CacheKVNamespace } from './namespace.ts'

/** KV as simulators of before had it, which take no `cacheTtl` below 60 and one key at a time. */
function oldKV() {
  const asked: unknown[] = []
  const kv = {
    async getWithMetadata(key: unknown, { cacheTtl }: { cacheTtl: number }) {
      asked.push([key, cacheTtl])
      if (cacheTtl < 60) {
        throw new Error(`KV GET failed: 400 Invalid cache_ttl of ${cacheTtl}. Cache TTL must be at least 60.`)
      }
      const name = String(key)
      if (name.length > 512)
        throw new Error('KV GET failed: 414 UTF-8 encoded length exceeds key length limit')
      return { value: name.includes(',') ? null : `value of ${name}`, metadata: null }
    },
  }
  return { kv: kv as unknown as CacheKVNamespace, asked }
}

describe('a KV simulator of before', () => {
  it('is asked for no shorter cacheTtl than it takes, once it has said so', async () => {
    const { kv, asked } = oldKV()
    expect(await readMany(kv, ['a'], 30)).toMatchObject([{ value: 'value of a' }])
    expect(await readMany(kv, ['b'], 45)).toMatchObject([{ value: 'value of b' }])
    expect(await readMany(kv, ['c'], 90)).toMatchObject([{ value: 'value of c' }])
    expect(asked).toEqual([
      ['a', 30],
      ['a', 60],
      ['b', 60],
      ['c', 90],
    ])
  })

  it.each([3, 250])('is asked for %d keys one by one', async (count) => {
    const { kv, asked } = oldKV()
    const keys = Array.from({ length: count }, (_, index) => `key-${index}`)
    for (const cacheTtl of [30, 60]) {
      const found = await readMany(kv, keys, cacheTtl)
      expect(found.map((one) => one?.value)).toEqual(keys.map((key) => `value of ${key}`))
    }
    const before = asked.length
    await readMany(kv, keys, 60)
    expect(asked.length - before).toBe(count)
  })

  it('is not blamed for other failures', async () => {
    const kv = {
      getWithMetadata: () => Promise.reject(new Error('KV GET failed: 500 Internal Server Error')),
    } as unknown as CacheKVNamespace
    await expect(readMany(kv, ['a', 'b'], 30)).rejects.toThrow('500')
    await expect(withCacheTtl(kv, 30, () => Promise.reject(new Error('400 Bad Request')))).rejects.toThrow(
      '400',
    )
  })
})

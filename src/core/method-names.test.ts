import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import type { AsyncCache } from './cache.ts'
import { createCache } from './create-cache.ts'

/** The memory adapter without its sync methods. */
function distant(): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

/** Each refused call, by its error code. */
const refused = [
  { code: 'KEY_NOT_FOUND', method: 'incr', args: ['missing'] },
  { code: 'KEY_NOT_FOUND', method: 'decr', args: ['missing', 2] },
  { code: 'KEY_NOT_FOUND', method: 'incrVersion', args: ['missing'] },
  { code: 'KEY_NOT_FOUND', method: 'decrVersion', args: ['missing'] },
  { code: 'NOT_AN_INTEGER', method: 'incr', args: ['text'] },
  { code: 'NOT_AN_INTEGER', method: 'decr', args: ['text'] },
  { code: 'OUT_OF_RANGE', method: 'incr', args: ['most'] },
  { code: 'OUT_OF_RANGE', method: 'decr', args: ['most', -1] },
] as const

describe.each([
  ['on an async adapter', distant, 'a'],
  ['in memory', memoryAdapter, 'a'],
  ['in memory, at once', memoryAdapter, ''],
] as const)('the error messages of a call, %s', (_, at, face) => {
  it.each(refused)('start with its name: $method, $code', async ({ code, method, args }) => {
    const cache = createCache({ adapter: at() })
    await cache.asetMany({ text: 'text', most: Number.MAX_SAFE_INTEGER })
    const error = await call(cache, face + method, args)
    expect(error).toMatchObject({ name: 'CacheError', code, key: args[0] })
    expect((error as Error).message).toMatch(
      new RegExp(`^${face}${method}\\("${args[0]}"\\) failed: the \\w`),
    )
  })

  it.each(['set', 'add', 'getOrSet', 'touch', 'pop', 'delete'])(
    'begin with its name, whatever the adapter says: %s',
    async (method) => {
      const { name, supports, read, clear, close } = memoryAdapter()
      const commit = async () => [{ ok: false, reason: 'too-large' } as const]
      const adapter = { name, supports, read, commit, clear, close }
      const key = 'k'.repeat(100)
      const error = await call(createCache({ adapter }), `a${method}`, [key, ...argument(method)])
      expect(error).toMatchObject({ code: 'VALUE_TOO_LARGE', key })
      expect((error as Error).message).toMatch(`a${method}("${'k'.repeat(80)}"… (100 characters)) failed: `)
    },
  )
})

describe('the failures of a store', () => {
  it('name the method', async () => {
    const fail = () => {
      throw new Error('no access')
    }
    const cache = createCache({
      adapter: { ...memoryAdapter(), readSync: fail, commitSync: fail, bucket: undefined },
    })
    expect(() => cache.get('a')).toThrow('get failed in the memory adapter: no access')
    expect(() => cache.getMany(['a', 'b'])).toThrow('getMany failed in the memory adapter: no access')
    expect(() => cache.set('a', 1)).toThrow('set failed in the memory adapter: no access')
    expect(() => cache.setMany({ a: 1, b: 2 })).toThrow('setMany failed in the memory adapter: no access')
    expect(() => cache.deleteMany(['a'])).toThrow('deleteMany failed')
    expect(() => cache.incrVersion('a')).toThrow('incrVersion failed')
    await expect(cache.ahasKey('a')).rejects.toThrow('ahasKey failed')
  })
})

function argument(method: string): readonly unknown[] {
  return ['set', 'add', 'getOrSet'].includes(method) ? [1] : []
}

async function call(cache: AsyncCache, name: string, args: readonly unknown[]): Promise<unknown> {
  const method: (...args: readonly unknown[]) => unknown = Reflect.get(cache, name)
  try {
    return await method.apply(cache, [...args])
  } catch (error) {
    return error
  }
}

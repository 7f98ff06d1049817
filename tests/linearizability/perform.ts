import type { Adapter } from '../../src/core/adapter.ts'
import type { AsyncCache } from '../../src/core/cache.ts'
import { createCache } from '../../src/core/create-cache.ts'
import { CacheError, isCacheError } from '../../src/core/errors.ts'
import { type Call, text } from './history.ts'

/** Makes a call. Resolves to its answer as text, or to its error code. Rejects if the store fails. */
export type Perform = (call: Call) => Promise<string>

/** The library's own operations. */
export function faithful(adapter: Adapter): Perform {
  const cache = createCache({ adapter })
  const releases = new Map<number, () => Promise<boolean>>()
  return answering((call) => {
    switch (call.method) {
      case 'aset':
        return cache.aset(call.key, call.value, null)
      case 'aadd':
        return cache.aadd(call.key, call.value, null)
      case 'aincr':
        return cache.aincr(
          call.key,
          call.delta,
          call.initial === null ? {} : { initial: call.initial, timeout: null },
        )
      case 'alock':
        return take(adapter, call.key, call.token, releases)
      case 'release':
        return releases.get(call.token)?.()
      case 'aget':
        return cache.aget(call.key)
      case 'adelete':
        return cache.adelete(call.key)
      case 'apop':
        return cache.apop(call.key)
    }
  })
}

async function take(
  adapter: Adapter,
  key: string,
  token: number,
  releases: Map<number, () => Promise<boolean>>,
): Promise<boolean> {
  // A lock is a number in the store that other calls may read and increment, so the checker must know it.
  const random = () => (token + 0.5) / Number.MAX_SAFE_INTEGER
  const lock = await createCache({ adapter, random }).alock(key, { timeout: 86_400 })
  if (lock !== undefined) releases.set(token, () => lock.release())
  return lock !== undefined
}

/** The same as separate reads and writes. The checker must reject it. */
export function naive(adapter: Adapter): Perform {
  const cache = createCache({ adapter })
  return answering(async (call) => {
    const found = await cache.aget<number>(call.key)
    switch (call.method) {
      case 'aset':
        return cache.aset(call.key, call.value, null)
      case 'aadd':
        return found === undefined && put(cache, call.key, call.value)
      case 'aincr': {
        const from = found ?? call.initial
        if (from === null) throw new CacheError('KEY_NOT_FOUND', 'nothing to count on')
        const counted = from + call.delta
        await put(cache, call.key, counted)
        return counted
      }
      case 'alock':
        return found === undefined && put(cache, call.key, call.token)
      case 'release':
        return found === call.token && cache.adelete(call.key)
      case 'adelete':
        return cache.adelete(call.key)
      case 'apop':
        await cache.adelete(call.key)
        return found
      default:
        return found
    }
  })
}

async function put(cache: AsyncCache, key: string, value: number): Promise<true> {
  await cache.aset(key, value, null)
  return true
}

function answering(ask: (call: Call) => Promise<unknown> | undefined): Perform {
  return async (call) => {
    try {
      return text(await ask(call))
    } catch (error) {
      if (!isCacheError(error) || error.code === 'ADAPTER_FAILED') throw error
      return error.code
    }
  }
}

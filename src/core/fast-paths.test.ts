import fc from 'fast-check'
import { expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { createCache } from './create-cache.ts'
import type { SyncCache } from './sync-cache.ts'

// `get`, `set` and `incr` have fast paths through the buckets of memory. Without buckets, every call runs its
// plan.

const START = 1_000_000

const key = fc.constantFrom('a', 'b', 'with space', 'ü')
const timeout = fc.constantFrom(undefined, null, 0, 1, 5)
const version = fc.constantFrom(undefined, 1, 2)
const value = fc.oneof(
  fc.integer(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -0, 1.5, 'text', null),
  fc.array(fc.nat()),
)

const tags = fc.subarray(['x', 'y'])
const window = fc.constantFrom(0, 3, null)

const step = fc.oneof(
  fc.record({ method: fc.constant('get' as const), key, version }),
  fc.record({ method: fc.constant('set' as const), key, version, value, timeout }),
  fc.record({ method: fc.constant('bare set' as const), key, value, timeout }),
  fc.record({ method: fc.constant('incr' as const), key, version, delta: fc.integer() }),
  fc.record({ method: fc.constant('bare incr' as const), key, delta: fc.integer() }),
  fc.record({ method: fc.constant('delete' as const), key, version }),
  fc.record({ method: fc.constant('tagged set' as const), key, version, value, timeout, tags, window }),
  fc.record({ method: fc.constant('deleteTags' as const), tags }),
  fc.record({ method: fc.constant('expireTags' as const), tags }),
  fc.record({ method: fc.constant('expire' as const), key, version }),
  fc.record({ method: fc.constant('entry' as const), key, version }),
  fc.record({ method: fc.constant('wait' as const), seconds: fc.constantFrom(1, 5) }),
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function run(cache: SyncCache, step: Exclude<Step, { method: 'wait' }>): unknown {
  if (step.method === 'deleteTags' || step.method === 'expireTags') return cache[step.method](...step.tags)
  const { key } = step
  switch (step.method) {
    case 'get':
      return cache.get(key, { version: step.version })
    case 'set':
      return cache.set(key, step.value, { version: step.version, timeout: step.timeout })
    case 'bare set':
      return cache.set(key, step.value, step.timeout)
    case 'incr':
      return cache.incr(key, step.delta, { version: step.version })
    case 'bare incr':
      return cache.incr(key, step.delta)
    case 'delete':
      return cache.delete(key, { version: step.version })
    case 'tagged set': {
      const { version, timeout, tags, window } = step
      return cache.set(key, step.value, { version, timeout, tags, staleIfError: window })
    }
    case 'expire':
      return cache.expire(key, { version: step.version })
    case 'entry':
      return cache.entry(key, { version: step.version })
  }
}

function answer(call: () => unknown): unknown {
  try {
    return { value: call() }
  } catch (error) {
    return { error: String(error) }
  }
}

it('the fast paths of get, set and incr answer and store what their plans do', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(2, 10_000), (steps, maxEntries) => {
      let now = START
      const open = (buckets: boolean): SyncCache => {
        const adapter = memoryAdapter({ maxEntries })
        return createCache({
          adapter: buckets ? adapter : { ...adapter, bucket: undefined },
          clock: () => now,
          keys: 'off',
        })
      }
      const [fast, planned] = [open(true), open(false)]
      for (const one of steps) {
        if (one.method === 'wait') now += one.seconds * 1000
        else expect(answer(() => run(fast, one))).toEqual(answer(() => run(planned, one)))
      }
    }),
  )
})

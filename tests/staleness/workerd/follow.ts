import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { type CacheKVNamespace, kvAdapter } from '../../../src/adapters/kv/index.ts'
import type { AsyncCache } from '../../../src/core/cache.ts'
import { createCache } from '../../../src/core/create-cache.ts'
import { type Bounds, History } from '../history.ts'
import { ISOLATES, type Step } from '../schedules.ts'

export interface World {
  /** Returns the namespace as seen from a location. Each call is another isolate. */
  at(location: string): CacheKVNamespace
  readonly bounds: Bounds
}

/**
 * Runs a schedule on the real adapter and real owners, over the world's KV. Returns the first read that broke
 * a guarantee, and how many reads were stale within the bounds. The schedule controls the time. The owner's
 * alarm fires when it is due.
 */
export async function follow(
  world: World,
  steps: readonly Step[],
): Promise<{ readonly violation: string | undefined; readonly stale: number }> {
  const name = crypto.randomUUID()
  const owner = env.CACHE_SHARDS.getByName(`${name}/v1/1/0`)
  await runInDurableObject(owner, (instance) => {
    Object.defineProperty(instance, 'kv', { value: world.at('home') })
    Object.defineProperty(instance, 'onFault', { value: () => {} })
  })
  const caches = ISOLATES.map((isolate) => {
    const kv = world.at(isolate.split('-')[0] as string)
    return createCache({
      adapter: kvAdapter({ kv, shards: env.CACHE_SHARDS, name, shardCount: 1, onFault: () => {} }),
    })
  })
  const history = new History(world.bounds)
  let count = 0
  for (const step of steps) {
    if (step.kind === 'pass') {
      await pass(owner, step.seconds)
      continue
    }
    count += 1
    const violation = await act(step, caches[step.isolate] as AsyncCache, history, `v${count}`)
    if (violation !== undefined) {
      return { violation: `${ISOLATES[step.isolate]} ${violation}`, stale: history.stale }
    }
  }
  return { violation: undefined, stale: history.stale }
}

/** Moves the clock, and fires every alarm at its time. */
async function pass(owner: DurableObjectStub, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const alarm = await runInDurableObject(owner, (_, { storage }) => storage.getAlarm())
    if (alarm === null || alarm > end) break
    vi.setSystemTime(Math.max(alarm, Date.now()))
    await runDurableObjectAlarm(owner)
  }
  vi.setSystemTime(end)
}

async function act(
  step: Exclude<Step, { kind: 'pass' }>,
  cache: AsyncCache,
  history: History,
  value: string,
): Promise<string | undefined> {
  const now = Date.now()
  const isolate = ISOLATES[step.isolate] as string
  const deadline = (timeout: number | null) => (timeout === null ? null : now + timeout * 1000)
  switch (step.kind) {
    case 'set':
      await cache.aset(step.key, value, { timeout: step.timeout, tags: step.tags })
      history.wrote(isolate, step.key, { value, expiresAt: deadline(step.timeout), tags: step.tags }, now)
      return undefined
    case 'tag':
      if (step.invalidation === 'delete') await cache.adeleteTags(step.tag)
      else await cache.aexpireTags(step.tag)
      history.invalidated(isolate, step.tag, now)
      return undefined
    case 'touch': {
      const current = history.current(step.key, now)
      const wasThere = await cache.atouch(step.key, step.timeout)
      if (wasThere !== (current !== undefined)) return `touched ${step.key}: ${wasThere}`
      if (current !== undefined) {
        history.wrote(isolate, step.key, { ...current, expiresAt: deadline(step.timeout) }, now)
      }
      return undefined
    }
    case 'delete': {
      const current = history.current(step.key, now)
      const wasThere = await cache.adelete(step.key)
      if (wasThere !== (current !== undefined)) return `deleted ${step.key}: ${wasThere}`
      history.wrote(isolate, step.key, { value: undefined, expiresAt: null }, now)
      return undefined
    }
    case 'count': {
      const current = history.current(step.key, now)
      if (typeof current?.value === 'string') await cache.adelete(step.key)
      const before = typeof current?.value === 'number' ? current.value : 0
      const counted = await cache.aincr(step.key, 1, { initial: 0, timeout: null })
      // An existing counter keeps its own deadline.
      const expiresAt = typeof current?.value === 'number' ? current.expiresAt : null
      history.wrote(isolate, step.key, { value: counted, expiresAt }, now)
      return counted === before + 1 ? undefined : `counted ${step.key} from ${before} to ${counted}`
    }
    case 'clear':
      await cache.aclear()
      history.cleared(isolate, now)
      return undefined
    case 'read': {
      const found = await cache.agetMany(step.keys)
      const exact = await cache.agetMany(step.keys, { fresh: true })
      for (const key of step.keys) {
        const current = history.current(key, now)?.value
        if (exact.get(key) !== current)
          return `gave ${exact.get(key)} of ${key} as fresh, which holds ${current}`
        const violation = history.violation(isolate, key, found.get(key), now)
        if (violation !== undefined) return violation
      }
      return undefined
    }
  }
}

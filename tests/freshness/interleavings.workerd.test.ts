import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CacheKVNamespace, kvAdapter } from '../../src/adapters/kv/index.ts'
import { standForIsolate } from '../../src/adapters/kv/isolate-memories.ts'
import type { Adapter, Change } from '../../src/core/adapter.ts'
import { runs } from '../model/runs.ts'
import { storedAnyway } from '../resurrection/broken.ts'
import { findResurrection } from '../resurrection/check.ts'
import { programs } from '../resurrection/programs.ts'
import { type Processes, run } from './interleavings.ts'

const SIZE = { processes: 3, clients: 5, steps: 4, advances: true }

/** Each process is an isolate, on real owners. */
function isolates(changed: (change: Change) => Change = (change) => change): Processes {
  const name = crypto.randomUUID()
  const adapters = new Map<number, Adapter>()
  const adapterOf = (process: number): Adapter => {
    const adapter = adapters.get(process) ?? isolate(name, changed)
    adapters.set(process, adapter)
    return adapter
  }
  return { adapterOf, isOrdered: false }
}

/** With exact reads, since a near one may be stale. */
function isolate(name: string, changed: (change: Change) => Change): Adapter {
  const { CACHE_KV, CACHE_SHARDS: shards } = env
  const kv = standForIsolate({
    getWithMetadata: CACHE_KV.getWithMetadata.bind(CACHE_KV),
    get: CACHE_KV.get.bind(CACHE_KV),
    put: CACHE_KV.put.bind(CACHE_KV),
    delete: CACHE_KV.delete.bind(CACHE_KV),
  } as CacheKVNamespace)
  const adapter = kvAdapter({ kv, shards, name, shardCount: 2, reads: 'owner' })
  return {
    name: adapter.name,
    supports: adapter.supports,
    readsClaims: adapter.readsClaims,
    read: (...args) => adapter.read(...args),
    commit: (changes, now) => adapter.commit(changes.map(changed), now),
    clear: (scope) => adapter.clear(scope),
    claim: (...args) => adapter.claim?.(...args) ?? Promise.reject(new Error('no claims')),
    deleteTags: (...args) => adapter.deleteTags?.(...args) ?? Promise.reject(new Error('no tags')),
    close: () => adapter.close(),
  }
}

function noResurrection(open: () => Processes) {
  return fc.asyncProperty(programs(SIZE), fc.scheduler(), async (program, scheduler) => {
    const found = findResurrection(await run(program, open(), scheduler))
    if (found !== undefined) throw new Error(found)
  })
}

describe('in every interleaving of loads, writes and invalidations at the edge, no value comes back', () => {
  it('in three isolates', { timeout: 3_600_000 }, async () => {
    await fc.assert(noResurrection(isolates), { numRuns: runs(100) })
  })

  it('finds out an adapter that stores what is loaded, whatever has happened since', {
    timeout: 600_000,
  }, async () => {
    const { failed, counterexample } = await fc.check(
      noResurrection(() => isolates(storedAnyway)),
      { numRuns: 1_000, seed: 12, endOnFailure: true },
    )
    expect(failed).toBe(true)
    expect(counterexample).not.toBeNull()
  })
})

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bucket } from '../../core/adapter.ts'
import { createCache } from '../../core/create-cache.ts'
import { operationOf } from '../../core/operations.ts'
import type { SyncCache } from '../../core/sync-cache.ts'
import { memoryAdapter } from './index.ts'
import { Table } from './table.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const LIMITS = { maxEntries: null, maxBytes: null, cullFrequency: 3 }

/** The operations on a key. */
const STEPS = {
  get: (cache: SyncCache, key: string) => cache.get(key),
  set: (cache: SyncCache, key: string) => cache.set(key, 5),
  add: (cache: SyncCache, key: string) => cache.add(key, 1),
  incr: (cache: SyncCache, key: string) => cache.incr(key),
  delete: (cache: SyncCache, key: string) => cache.delete(key),
  pop: (cache: SyncCache, key: string) => cache.pop(key),
  touch: (cache: SyncCache, key: string) => cache.touch(key),
  hasKey: (cache: SyncCache, key: string) => cache.hasKey(key),
  move: (cache: SyncCache, key: string) => cache.incrVersion(key) + cache.decrVersion(key, 1, { version: 2 }),
  clear: (cache: SyncCache) => cache.clear(),
}

describe('buckets', () => {
  it('are in the table only while they have entries', () => {
    const table = new Table(LIMITS)
    const spaces = Array.from({ length: 1_000 }, (_, index) => table.bucket(`user-${index}:1:`))
    for (const space of spaces) {
      expect(space.read('cart', () => 0)).toBeUndefined()
      space.delete('cart')
    }
    expect([...table.holders()]).toEqual([])
    for (const space of spaces.slice(0, 10))
      space.set('cart', { value: 1, expiresAt: null }, operationOf({ kind: 'set' }))
    expect([...table.holders()]).toHaveLength(10)
    spaces[0]?.delete('cart')
    expect([...table.holders()]).toHaveLength(9)
    table.clear('')
    expect([...table.holders()]).toEqual([])
  })

  it('of discarded caches leak no memory', async () => {
    const adapter = memoryAdapter()
    const use = (index: number) => createCache({ adapter, keyPrefix: `user-${index}` }).get('cart')
    const left: WeakRef<object>[] = []
    for (let index = 0; index < 1_000; index += 1) use(index)
    const before = used()
    for (let index = 1_000; index < 41_000; index += 1) {
      use(index)
      if (index % 1_000 === 0) left.push(new WeakRef(adapter.bucket?.(`user-${index}:1:`) as Bucket))
    }
    // The target of a WeakRef stays alive until its task ends.
    await new Promise((resolve) => setTimeout(resolve))
    // A leak would be about 350 bytes each.
    expect(used() - before).toBeLessThan(4_000_000)
    expect(left.filter((space) => space.deref() !== undefined)).toEqual([])
  })

  it('share their entries, whichever was created first', () => {
    const name = fc.constantFrom('a', 'b')
    const kinds = fc.constantFrom('new' as const, ...(Object.keys(STEPS) as (keyof typeof STEPS)[]))
    const step = fc.tuple(kinds, fc.nat(3), name)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const adapter = memoryAdapter()
        const open = () => createCache({ adapter, keyPrefix: 'p' })
        const many = [open(), open(), open(), open()]
        const one = createCache({ adapter: memoryAdapter(), keyPrefix: 'p' })
        const run = (cache: SyncCache, kind: keyof typeof STEPS, key: string): unknown => {
          try {
            return STEPS[kind](cache, key)
          } catch (error) {
            return (error as Error).message
          }
        }
        for (const [kind, index, key] of steps) {
          if (kind === 'new') many[index] = open()
          else expect(run(many[index] as SyncCache, kind, key)).toEqual(run(one, kind, key))
        }
        for (const cache of many) expect(cache.getMany(['a', 'b'])).toEqual(one.getMany(['a', 'b']))
      }),
      { numRuns: 500 },
    )
  })
})

/** Bytes in use after garbage collection. */
function used(): number {
  for (let round = 0; round < 4; round += 1) gc()
  return process.memoryUsage().heapUsed
}

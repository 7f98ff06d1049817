import type fc from 'fast-check'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import { createCache } from '../../src/core/create-cache.ts'
import { storedAnyway } from '../resurrection/broken.ts'
import type { History } from '../resurrection/history.ts'
import type { Program } from '../resurrection/programs.ts'
import { joined, Recorder } from '../resurrection/record.ts'
import { SharedStore } from './shared-store.ts'

/** The adapters of the processes, and whether the calls of one are run in the order in which they are made. */
export interface Processes {
  readonly adapterOf: (process: number) => Adapter
  readonly isOrdered: boolean
}

/** Each process has an adapter of its own, all on one store. */
export function separate(overrides: (store: SharedStore) => Partial<Adapter> = () => ({})): Processes {
  const store = new SharedStore()
  const adapters = new Map<number, Adapter>()
  const adapterOf = (process: number): Adapter => {
    const adapter = adapters.get(process) ?? store.adapter(overrides(store))
    adapters.set(process, adapter)
    return adapter
  }
  return { adapterOf, isOrdered: false }
}

/**
 * One adapter without claims: all caches are in one process. Without the sync methods, every call can be delayed.
 * The core relies on the order of calls where there are no claims.
 */
export function together(): Processes {
  const memory = memoryAdapter()
  const adapter: Adapter = {
    name: 'slow memory',
    supports: memory.supports,
    read: async (keys, now, wanted) => memory.readSync(keys, now, wanted),
    commit: async (changes, now) => memory.commitSync(changes, now),
    clear: async (scope) => memory.clearSync(scope),
    deleteTags: async (tags, now, invalidation) => memory.deleteTagsSync?.(tags, now, invalidation),
    close: async () => {},
  }
  return { adapterOf: () => adapter, isOrdered: true }
}

/** Broken: a loaded value is stored whatever has happened since. */
export const unconditionalFill = (store: SharedStore): Partial<Adapter> => {
  const { commit } = store.adapter()
  return { commit: (changes, now) => commit(changes.map(storedAnyway), now) }
}

/** Broken: an invalidation of tags forgets the loads in flight. */
export const forgetfulTags = (store: SharedStore): Partial<Adapter> => ({
  deleteTags: async (tags) => {
    for (const [key, { metadata }] of store.entries)
      if (metadata?.tags?.some((tag) => tags.includes(tag))) store.entries.delete(key)
  },
})

/** Broken: the core does not learn from reads that another process has changed the key. */
export const blindReads = (): Partial<Adapter> => ({ readsClaims: false })

/** Runs a program, and lets the scheduler decide which call of which process goes on next. */
export async function run(program: Program, processes: Processes, scheduler: fc.Scheduler): Promise<History> {
  let now = 1_800_000_000_000
  let moment = 0
  const pause = (label: string): Promise<void> => scheduler.schedule(Promise.resolve(), label)
  const delayed = new Map<Adapter, Adapter>()
  const adapterOf = (process: number): Adapter => {
    const adapter = processes.adapterOf(process)
    const slow = delayed.get(adapter) ?? withDelays(adapter, pause, processes.isOrdered)
    delayed.set(adapter, slow)
    return slow
  }
  const loads: Promise<unknown>[] = []
  const recorders = program.map(({ process, steps }, client) => {
    const cache = createCache({
      adapter: adapterOf(process),
      clock: () => now,
      operationTimeout: null,
      onWarning: () => {},
      waitUntil: (load) => loads.push(load),
    })
    const nextMoment = async () => {
      moment += 1
      const given = moment
      await pause('moment')
      return given
    }
    const recorder = new Recorder(String(client), cache, nextMoment, (seconds) => {
      now += seconds * 1000
    })
    return { recorder, ended: recorder.follow(steps) }
  })
  await scheduler.waitFor(Promise.all(recorders.map(({ ended }) => ended)))
  await scheduler.waitFor(Promise.allSettled(loads))
  return joined(recorders.map(({ recorder }) => recorder))
}

/** Delays each call, and each answer. */
function withDelays(adapter: Adapter, pause: (label: string) => Promise<void>, isOrdered: boolean): Adapter {
  let last = Promise.resolve()
  const slow =
    <Args extends readonly unknown[], R>(name: string, call: (...args: Args) => Promise<R>) =>
    async (...args: Args): Promise<R> => {
      const before = isOrdered ? last : undefined
      const turn = Promise.all([before, pause(name)])
      const called = turn.then(() => call(...args))
      last = called.then(
        () => {},
        () => {},
      )
      const result = await called
      await pause(`answer of ${name}`)
      return result
    }
  const { claim, deleteTags } = adapter
  return {
    ...adapter,
    read: slow('read', adapter.read),
    commit: slow('commit', adapter.commit),
    clear: slow('clear', adapter.clear),
    ...(claim && { claim: slow('claim', claim) }),
    ...(deleteTags && { deleteTags: slow('deleteTags', deleteTags) }),
  }
}

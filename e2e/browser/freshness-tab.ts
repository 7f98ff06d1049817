import { indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import { createCache } from '../../src/index.ts'
import { storedAnyway } from '../../tests/resurrection/broken.ts'
import type { History, Step } from '../../tests/resurrection/history.ts'
import { joined, type NextMoment, Recorder } from '../../tests/resurrection/record.ts'

export interface Client {
  readonly client: number
  readonly steps: readonly Step[]
}

const adapter = indexedDBAdapter({ name: 'tabs' })
const broken: Adapter = {
  name: adapter.name,
  supports: adapter.supports,
  readsClaims: true,
  read: (...args) => adapter.read(...args),
  commit: (changes, now) => adapter.commit(changes.map(storedAnyway), now),
  clear: (scope) => adapter.clear(scope),
  claim: (key, now, request) => {
    if (adapter.claim === undefined) throw new Error('the adapter has no claims')
    return adapter.claim(key, now, request)
  },
  deleteTags: async (...args) => adapter.deleteTags?.(...args),
  close: () => adapter.close(),
}
const adapters = { faithful: adapter, broken }

export type Manner = keyof typeof adapters

/** What a caller got, and when, in epoch milliseconds. */
export interface Answer {
  readonly value: string
  readonly at: number
}

const cache = createCache({ adapter })

const lab = {
  cache,
  /** Many callers ask for one key. */
  ask(key: string, callers: number): Promise<Answer[]> {
    const asked = Array.from({ length: callers }, async () => {
      const value = await cache.agetOrSet(key, () => load(key), { tags: ['tag'] })
      return { value, at: Date.now() }
    })
    return Promise.all(asked)
  },
  /** Lets clients run side by side in this tab, and gives what they recorded. */
  async record(clients: readonly Client[], keyPrefix: string, manner: Manner): Promise<History> {
    const loads: Promise<unknown>[] = []
    const options = { keyPrefix, waitUntil: (one: Promise<unknown>) => void loads.push(one) }
    const recorded = createCache({ adapter: adapters[manner], onWarning: () => {}, ...options })
    const recorders = clients.map(({ client, steps }) => {
      const recorder = new Recorder(String(client), recorded, nextMoment)
      return { recorder, ended: recorder.follow(steps) }
    })
    await Promise.all(recorders.map(({ ended }) => ended))
    await Promise.allSettled(loads)
    return joined(recorders.map(({ recorder }) => recorder))
  },
}

declare global {
  /** What the tests of freshness drive in each tab. */
  var freshness: typeof lab
  /** Put there by the test, which holds the loaders and has the clock of all tabs. */
  var load: (key: string) => Promise<string>
  var nextMoment: NextMoment
}

globalThis.freshness = lab

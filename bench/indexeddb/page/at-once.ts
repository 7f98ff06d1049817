import type { Contestant, Entries } from './contestant.ts'
import { contestants } from './contestants.ts'
import { type Task, taskFor } from './task.ts'
import { entries, keysOf, mustEqual } from './values.ts'

const COUNT = 1_000
const records = entries(COUNT)
const keys = keysOf(records)

/** A thousand operations, as calls of one turn or as one call. */
export const atOnce: readonly Task[] = [
  setTask('set-at-once', '1,000 set at once, stored keys', setAtOnce, () => records),
  setTask('set-at-once-new', '1,000 set at once, new keys', setAtOnce, (round) =>
    entries(COUNT, undefined, `round:${round}:`),
  ),
  getTask('get-at-once', '1,000 get at once', getAtOnce),
  setTask(
    'set-many',
    'setMany of 1,000',
    ({ setMany }, data) => setMany?.(data),
    () => records,
  ),
  getTask('get-many', 'getMany of 1,000', ({ getMany }) => getMany?.(keys)),
  incrTask(),
]

function setAtOnce({ set, setAtOnce }: Contestant, data: Entries): Promise<unknown> {
  return setAtOnce?.(data) ?? Promise.all(data.map(([key, value]) => set(key, value)))
}

function getAtOnce({ get, getAtOnce }: Contestant): Promise<unknown> {
  return getAtOnce?.(keys) ?? Promise.all(keys.map((key) => get(key)))
}

function setTask(
  id: string,
  label: string,
  setAll: (contestant: Contestant, data: Entries) => Promise<unknown> | undefined,
  dataOf: (round: number) => Entries,
): Task {
  return taskFor(contestants, { id, label, operations: COUNT }, async (contestant) => {
    if (id === 'set-many' && contestant.setMany === undefined) return undefined
    let data: Entries = []
    return {
      async prepare(round) {
        data = dataOf(round)
      },
      run: async () => setAll(contestant, data),
      async check() {
        for (const [key, value] of [0, 500, 999].map((at) => data[at] as Entries[number])) {
          mustEqual(await contestant.get(key), value, key)
        }
      },
    }
  })
}

function getTask(
  id: string,
  label: string,
  getAll: (contestant: Contestant) => Promise<unknown> | undefined,
): Task {
  return taskFor(contestants, { id, label, operations: COUNT }, async (contestant) => {
    if (id === 'get-many' && contestant.getMany === undefined) return undefined
    await contestant.fill(records)
    return {
      run: async () => getAll(contestant),
      async check(found) {
        mustEqual(
          found instanceof Map ? [...found.values()] : found,
          records.map(([, value]) => value),
          label,
        )
      },
    }
  })
}

function incrTask(): Task {
  const label = '1,000 incr of one key at once'
  return taskFor(
    contestants,
    { id: 'incr-at-once', label, operations: COUNT },
    async ({ incr, incrAtOnce, set, get }) => {
      if (incr === undefined) return undefined
      return {
        prepare: () => set('count', 0),
        run: () => incrAtOnce?.('count', COUNT) ?? Promise.all(keys.map(() => incr('count'))),
        check: async () => mustEqual(await get('count'), COUNT, label),
      }
    },
  )
}

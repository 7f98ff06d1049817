import type { Contestant, ContestantMaker, Entries } from './contestant.ts'
import { contestants } from './contestants.ts'
import { countStored, type Task, taskFor } from './task.ts'
import { mustEqual, record } from './values.ts'

const OPERATIONS = 50
const PORTION = 5_000

/** The others would fare as what they are made of does. */
const measured = ['nearcache', 'nearcache/limited', 'raw/best', 'raw', 'idb-keyval', 'dexie']
const makers: readonly ContestantMaker[] = contestants.filter(({ id }) => measured.includes(id))

/** Single calls while there is little stored, and while there is much. To be measured together. */
export const sizes: readonly Task[] = [sizeTask(1_000), sizeTask(100_000)].flat()

function sizeTask(stored: number): Task[] {
  const size = stored.toLocaleString('en')
  const database = `of-${stored}`
  const operations = OPERATIONS
  const indexes = Array.from({ length: operations }, (_, index) => index)
  // All over the place, and elsewhere in each round.
  const idsOf = (round: number) => indexes.map((index) => ((round + 10) * 7_919 + index * 104_729) % stored)
  return [
    taskFor(
      makers,
      { id: `get-of-${stored}`, label: `get one by one, ${size} stored`, operations, database },
      async (contestant, name) => {
        await fillUp(contestant, name, stored)
        return {
          async run(round) {
            const found: unknown[] = []
            for (const id of idsOf(round)) found.push(await contestant.get(`user:${id}`))
            return found
          },
          check: async (found, round) => mustEqual(found, idsOf(round).map(record), `get of ${size}`),
        }
      },
    ),
    taskFor(
      makers,
      { id: `set-of-${stored}`, label: `set one by one, ${size} stored`, operations, database },
      async (contestant, name) => {
        await fillUp(contestant, name, stored)
        let data: Entries = []
        return {
          async prepare(round) {
            data = idsOf(round).map((id) => [`user:${id}`, record(id)])
          },
          async run() {
            for (const [key, value] of data) await contestant.set(key, value)
          },
          check: async () => mustEqual(await countStored(name, contestant.store), stored, `set of ${size}`),
        }
      },
    ),
  ]
}

async function fillUp({ get, fill, store }: Contestant, database: string, stored: number): Promise<void> {
  // Some make their database when it is first used.
  await get('user:0')
  if ((await countStored(database, store)) >= stored) return
  for (let start = 0; start < stored; start += PORTION) {
    const ids = Array.from({ length: Math.min(PORTION, stored - start) }, (_, index) => start + index)
    await fill(ids.map((id) => [`user:${id}`, record(id)]))
  }
}

import type { Contestant, ContestantMaker } from './contestant.ts'
import { result } from './raw.ts'

/** What one contestant does in one task, on a database of its own, again and again. */
export interface Trial {
  /** Not measured: what the last run used up is made anew. */
  prepare?(round: number): Promise<unknown>
  run(round: number): Promise<unknown>
  /** Not measured: throws unless the run did what it should. */
  check(result: unknown, round: number): Promise<void>
  end(): Promise<unknown>
}

export interface Task {
  readonly id: string
  readonly label: string
  /** How many operations a run is. */
  readonly operations: number
  /** Tasks that give the same share what they have filled in. */
  readonly database?: string
  /** By contestant. Those who cannot take part are left out, or give nothing. */
  readonly start: ReadonlyMap<string, (database: string) => Promise<Trial | undefined>>
}

type Play = (contestant: Contestant, database: string) => Promise<Omit<Trial, 'end'> | undefined>

/** A task for contestants as they are. */
export function taskFor(makers: readonly ContestantMaker[], task: Omit<Task, 'start'>, play: Play): Task {
  const start = new Map(
    makers.map((maker) => [
      maker.id,
      async (database: string) => {
        const contestant = await maker.make(database)
        const trial = await play(contestant, database)
        if (trial === undefined) {
          await contestant.close()
          return undefined
        }
        const end = async () => {
          await contestant.close()
          await empty(database, contestant.store)
        }
        return { ...trial, end }
      },
    ]),
  )
  return { ...task, start }
}

/** How many entries there are, whatever the contestant says. */
export function countStored(database: string, store: string): Promise<number> {
  return inStore(database, store, 'readonly', (entries) => entries.count())
}

/** Not deleted: some contestants cannot let go of their database. */
function empty(database: string, store: string): Promise<unknown> {
  return inStore(database, store, 'readwrite', (entries) => entries.clear())
}

async function inStore<T>(
  name: string,
  store: string,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await result(indexedDB.open(name))
  try {
    return await result(ask(database.transaction(store, mode).objectStore(store)))
  } finally {
    database.close()
  }
}

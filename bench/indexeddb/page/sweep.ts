import { indexedDBAdapter, lruLimits } from '../../../src/adapters/indexeddb/index.ts'
import { createCache } from '../../../src/index.ts'
import { whenIdle } from './nearcache.ts'
import { completion, deleteByCursor, open, result } from './raw.ts'
import { countStored, type Task, type Trial } from './task.ts'
import { entries, mustEqual } from './values.ts'

const STORED = 10_000
const DEAD = 1_000
const STORE = 'entries'
const live = entries(STORED - DEAD)
const dead = entries(DEAD, undefined, 'dead:')
const HOUR = 3_600_000

/** Peers have nothing that expires. */
export const sweep: Task = {
  id: 'sweep',
  label: 'sweep 1,000 expired of 10,000',
  operations: DEAD,
  start: new Map([
    ['nearcache', (database) => startNearcache(database, null)],
    ['nearcache/limited', (database) => startNearcache(database, 200_000)],
    ['raw/best', (database) => startRaw(database, sweepByKeys)],
    ['raw', (database) => startRaw(database, sweepByCursor)],
  ]),
}

async function startNearcache(database: string, maxEntries: number | null): Promise<Trial> {
  let now = Date.now()
  const adapter = indexedDBAdapter({
    name: database,
    limits: maxEntries === null ? undefined : lruLimits({ maxEntries }),
    whenIdle,
  })
  const cache = createCache({ adapter, timeout: null, clock: () => now })
  await cache.asetMany(live)
  return {
    async prepare() {
      now -= HOUR
      await cache.asetMany(dead, 1)
      now += HOUR
      // A sweep also writes down what was used since the last one: that is not this one's work.
      await adapter.sweep(0)
    },
    run: () => adapter.sweep(now),
    check: () => mustHaveLeft(database),
    end: async () => {
      await cache.aclear()
      await cache.aclose()
    },
  }
}

async function startRaw(name: string, sweepStore: (store: IDBObjectStore) => void): Promise<Trial> {
  const database = await open(name, (created) =>
    created.createObjectStore(STORE).createIndex('expiresAt', 'expiresAt'),
  )
  const store = () => database.transaction(STORE, 'readwrite', { durability: 'relaxed' }).objectStore(STORE)
  const fill = (data: typeof live, expiresAt: number) => {
    const values = store()
    for (const [key, value] of data) values.put({ value, expiresAt }, key)
    return completion(values.transaction)
  }
  await fill(live, Date.now() + HOUR)
  return {
    prepare: () => fill(dead, Date.now() - HOUR),
    run() {
      const values = store()
      sweepStore(values)
      return completion(values.transaction)
    },
    check: () => mustHaveLeft(name),
    async end() {
      await result(store().clear())
      database.close()
    },
  }
}

function sweepByCursor(store: IDBObjectStore): void {
  deleteByCursor(store.index('expiresAt').openCursor(IDBKeyRange.upperBound(Date.now())))
}

function sweepByKeys(store: IDBObjectStore): void {
  const finding = store.index('expiresAt').getAllKeys(IDBKeyRange.upperBound(Date.now()))
  finding.onsuccess = () => {
    for (const key of finding.result) store.delete(key)
    store.transaction.commit()
  }
}

async function mustHaveLeft(database: string): Promise<void> {
  mustEqual(await countStored(database, STORE), STORED - DEAD, 'left after sweep')
}

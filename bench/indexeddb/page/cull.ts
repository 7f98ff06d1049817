import { indexedDBAdapter, lruLimits } from '../../../src/adapters/indexeddb/index.ts'
import { createCache } from '../../../src/index.ts'
import { TIMEOUT, whenIdle } from './nearcache.ts'
import { completion, deleteByCursor, open, result } from './raw.ts'
import { countStored, type Task, type Trial } from './task.ts'
import { entries, mustEqual, record } from './values.ts'

const FULL = 10_000
/** One in three, as in Django. */
const CULLED = 3_333
const STORE = 'entries'

/** A write to a full cache. Peers have no limits. */
export const cull: Task = {
  id: 'cull',
  label: 'set into a full 10,000: per entry of the 3,333 culled',
  operations: CULLED,
  start: new Map([
    ['nearcache/limited', startNearcache],
    ['raw/best', (database) => startRaw(database, cullByKeys)],
    ['raw', (database) => startRaw(database, cullByCursor)],
  ]),
}

async function startNearcache(database: string): Promise<Trial> {
  const adapter = indexedDBAdapter({ name: database, limits: lruLimits({ maxEntries: FULL }), whenIdle })
  const cache = createCache({ adapter, timeout: TIMEOUT })
  await cache.asetMany(entries(FULL - CULLED + 1))
  return {
    prepare: (round) => cache.asetMany(entries(CULLED - 1, undefined, `round:${round}:`)),
    run: (round) => cache.aset(`one:${round}`, record(round)),
    check: () => mustHaveLeft(database),
    end: async () => {
      await cache.aclear()
      await cache.aclose()
    },
  }
}

async function startRaw(
  name: string,
  cullStore: (store: IDBObjectStore, whenDone: () => void) => void,
): Promise<Trial> {
  const database = await open(name, (created) => created.createObjectStore(STORE).createIndex('used', 'used'))
  let used = 0
  const store = () => database.transaction(STORE, 'readwrite', { durability: 'relaxed' }).objectStore(STORE)
  const put = (values: IDBObjectStore, key: string, value: unknown) => {
    used += 1
    values.put({ value, used }, key)
  }
  const fill = (data: ReturnType<typeof entries>) => {
    const values = store()
    for (const [key, value] of data) put(values, key, value)
    return completion(values.transaction)
  }
  await fill(entries(FULL - CULLED + 1))
  return {
    prepare: (round) => fill(entries(CULLED - 1, undefined, `round:${round}:`)),
    run(round) {
      const values = store()
      cullStore(values, () => put(values, `one:${round}`, record(round)))
      return completion(values.transaction)
    },
    check: () => mustHaveLeft(name),
    async end() {
      await result(store().clear())
      database.close()
    },
  }
}

function cullByCursor(store: IDBObjectStore, whenDone: () => void): void {
  deleteByCursor(store.index('used').openCursor(), CULLED)
  whenDone()
}

function cullByKeys(store: IDBObjectStore, whenDone: () => void): void {
  const finding = store.index('used').getAllKeys(null, CULLED)
  finding.onsuccess = () => {
    for (const key of finding.result) store.delete(key)
    whenDone()
    store.transaction.commit()
  }
}

async function mustHaveLeft(database: string): Promise<void> {
  mustEqual(await countStored(database, STORE), FULL - CULLED + 1, 'left after culling')
}

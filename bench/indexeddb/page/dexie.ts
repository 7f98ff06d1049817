import { Dexie } from 'dexie'
import { type ContestantMaker, type Entries, under } from './contestant.ts'
import { keysOf } from './values.ts'

const STORE = 'values'

export const dexie: ContestantMaker = {
  id: 'dexie',
  async make(name) {
    const database = new Dexie(name)
    database.version(1).stores({ [STORE]: '' })
    await database.open()
    const table = database.table(STORE)
    const setMany = (entries: Entries) =>
      table.bulkPut(
        entries.map(([, value]) => value),
        keysOf(entries),
      )
    const change = (key: string, next: (value: unknown) => unknown) =>
      database.transaction('rw', table, async () => table.put(next(await table.get(key)), key))
    return {
      store: STORE,
      set: (key, value) => table.put(value, key),
      get: (key) => table.get(key),
      setMany,
      getMany: (keys) => table.bulkGet(keys),
      incr: (key) => change(key, (count = 0) => (count as number) + 1),
      touch: (key) => change(key, (value) => value),
      fill: (entries, prefix = '') => setMany(under(prefix, entries)),
      clear: (prefix) => table.where(':id').startsWith(`${prefix}:`).delete(),
      close: async () => database.close(),
    }
  },
}

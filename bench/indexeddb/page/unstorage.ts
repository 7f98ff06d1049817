import { createStore, setMany } from 'idb-keyval'
import { createStorage } from 'unstorage'
import indexedDb from 'unstorage/drivers/indexedb'
import { type ContestantMaker, under } from './contestant.ts'

const STORE = 'unstorage'

export const unstorage: ContestantMaker = {
  id: 'unstorage',
  async make(name) {
    const storage = createStorage({ driver: indexedDb({ dbName: name, storeName: STORE }) })
    // Past it, but what it would have stored: one by one it takes minutes.
    const back = createStore(name, STORE)
    return {
      store: STORE,
      set: (key, value) => storage.setItem(key, value),
      get: (key) => storage.getItem(key),
      setMany: (entries) => storage.setItems(entries.map(([key, value]) => ({ key, value }))),
      getMany: async (keys) => (await storage.getItems(keys)).map(({ value }) => value),
      touch: async (key) => storage.setItem(key, await storage.getItem(key)),
      fill: (entries, prefix = '') =>
        setMany(
          under(prefix, entries).map(([key, value]) => [key, JSON.stringify(value)]),
          back,
        ),
      async clear(prefix) {
        // `storage.clear(prefix)` removes everything with this driver.
        const keys = await storage.getKeys(prefix)
        await Promise.all(keys.map((key) => storage.removeItem(key)))
      },
      close: () => storage.dispose(),
    }
  },
}

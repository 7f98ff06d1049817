import { createStore, setMany } from 'idb-keyval'
import localforage from 'localforage'
import { type ContestantMaker, under } from './contestant.ts'

const STORE = 'keyvaluepairs'

export const localForage: ContestantMaker = {
  id: 'localforage',
  async make(name) {
    const storage = localforage.createInstance({ name, storeName: STORE, driver: localforage.INDEXEDDB })
    await storage.ready()
    // Past it, but what it would have stored: one by one it takes minutes.
    const back = createStore(name, STORE)
    return {
      store: STORE,
      set: (key, value) => storage.setItem(key, value),
      get: (key) => storage.getItem(key),
      touch: async (key) => storage.setItem(key, await storage.getItem(key)),
      fill: (entries, prefix = '') => setMany(under(prefix, entries), back),
      async clear(prefix) {
        const keys = await storage.keys()
        await Promise.all(
          keys.filter((key) => key.startsWith(`${prefix}:`)).map((key) => storage.removeItem(key)),
        )
      },
      close: async () => {},
    }
  },
}

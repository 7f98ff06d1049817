import { createStore, delMany, get, getMany, keys, set, setMany, update } from 'idb-keyval'
import { type ContestantMaker, under } from './contestant.ts'

const STORE = 'keyval'

export const idbKeyval: ContestantMaker = {
  id: 'idb-keyval',
  async make(name) {
    const store = createStore(name, STORE)
    return {
      store: STORE,
      set: (key, value) => set(key, value, store),
      get: (key) => get(key, store),
      setMany: (entries) => setMany(entries, store),
      getMany: (keys) => getMany(keys, store),
      incr: (key) => update<number>(key, (count = 0) => count + 1, store),
      touch: (key) => update(key, (value) => value, store),
      fill: (entries, prefix = '') => setMany(under(prefix, entries), store),
      async clear(prefix) {
        const stored = await keys(store)
        await delMany(
          stored.filter((key) => key.startsWith(`${prefix}:`)),
          store,
        )
      },
      // It has no way to close.
      close: async () => {},
    }
  },
}

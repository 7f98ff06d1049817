import { type Contestant, type ContestantMaker, type Entries, under } from './contestant.ts'

const STORE = 'values'
const RELAXED: IDBTransactionOptions = { durability: 'relaxed' }

/** IndexedDB as it is mostly written: a transaction for each operation, left to commit by itself. */
export const raw: ContestantMaker = {
  id: 'raw',
  make: async (name) => usual(await open(name, (database) => database.createObjectStore(STORE))),
}

/** IndexedDB as well as it can be written: one transaction for all there is to do, and `commit()` at the end of it. */
export const rawBest: ContestantMaker = {
  id: 'raw/best',
  make: async (name) => best(await open(name, (database) => database.createObjectStore(STORE))),
}

function usual(database: IDBDatabase): Contestant {
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode, RELAXED).objectStore(STORE)
  return {
    store: STORE,
    set(key, value) {
      const values = store('readwrite')
      values.put(value, key)
      return completion(values.transaction)
    },
    get: (key) => result(store('readonly').get(key)),
    incr(key) {
      const values = store('readwrite')
      addOne(values, key)
      return completion(values.transaction)
    },
    touch(key) {
      const values = store('readwrite')
      const reading = values.get(key)
      reading.onsuccess = () => values.put(reading.result, key)
      return completion(values.transaction)
    },
    clear(prefix) {
      const values = store('readwrite')
      deleteByCursor(values.openCursor(prefixed(prefix)))
      return completion(values.transaction)
    },
    fill: (entries, prefix = '') => putAll(store('readwrite'), under(prefix, entries)),
    close: async () => database.close(),
  }
}

function best(database: IDBDatabase): Contestant {
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode, RELAXED).objectStore(STORE)
  const setMany = (entries: Entries) => putAll(store('readwrite'), entries)
  const getMany = (keys: readonly string[]) => {
    const values = store('readonly')
    return results(keys.map((key) => values.get(key)))
  }
  return {
    ...usual(database),
    set: (key, value) => setMany([[key, value]]),
    setAtOnce: setMany,
    getAtOnce: getMany,
    setMany,
    getMany,
    incrAtOnce(key, times) {
      const values = store('readwrite')
      addOne(values, key, times)
      return completion(values.transaction)
    },
    touch(key) {
      const values = store('readwrite')
      const reading = values.get(key)
      reading.onsuccess = () => {
        values.put(reading.result, key)
        values.transaction.commit()
      }
      return completion(values.transaction)
    },
    clear(prefix) {
      const values = store('readwrite')
      values.delete(prefixed(prefix))
      values.transaction.commit()
      return completion(values.transaction)
    },
  }
}

function putAll(store: IDBObjectStore, entries: Entries): Promise<void> {
  for (const [key, value] of entries) store.put(value, key)
  store.transaction.commit()
  return completion(store.transaction)
}

function addOne(store: IDBObjectStore, key: string, times = 1): void {
  const reading = store.get(key)
  reading.onsuccess = () => {
    store.put((reading.result ?? 0) + 1, key)
    if (times > 1) addOne(store, key, times - 1)
  }
}

export function deleteByCursor(request: IDBRequest<IDBCursorWithValue | null>, most = 2 ** 32): void {
  let left = most
  request.onsuccess = () => {
    if (request.result === null || left === 0) return
    left -= 1
    request.result.delete()
    request.result.continue()
  }
}

function prefixed(prefix: string): IDBKeyRange {
  // What comes after a colon is a semicolon.
  return IDBKeyRange.bound(`${prefix}:`, `${prefix};`, false, true)
}

export function open(name: string, upgrade: (database: IDBDatabase) => void): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => upgrade(request.result)
  return result(request)
}

export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function results<T>(requests: readonly IDBRequest<T>[]): Promise<T[]> {
  await result(requests.at(-1) as IDBRequest<T>)
  return requests.map((request) => request.result)
}

export function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
}

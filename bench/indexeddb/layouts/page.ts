/** Where an entry is kept, in raw IndexedDB: what the adapter's layout was chosen among. */
interface Layout {
  readonly stores: Readonly<Record<string, readonly string[]>>
  put(transaction: IDBTransaction, key: string, value: unknown, now: number): void
  get(transaction: IDBTransaction, key: string): Promise<unknown>
  /** Gives a live entry another deadline. */
  touch(transaction: IDBTransaction, key: string, now: number): Promise<void>
  /** Removes up to a thousand dead entries. */
  sweep(transaction: IDBTransaction, now: number): Promise<number>
}

const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const completed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })

const LIFE = 300_000

type Small = { value: unknown; expiresAt: number; used?: number }
const isOver = (bytes: number) => (value: unknown) =>
  (value as { body: { length: number } }).body.length > bytes

/** One store; its records may be indexed. */
function oneStore(indexes: readonly string[]): Layout {
  const sweepByIndex = async (transaction: IDBTransaction, now: number): Promise<number> => {
    const entries = transaction.objectStore('entries')
    const keys = await result(entries.index('expiresAt').getAllKeys(IDBKeyRange.upperBound(now), 1_000))
    for (const key of keys) entries.delete(key)
    return keys.length
  }
  const sweepByCursor = async (transaction: IDBTransaction, now: number): Promise<number> => {
    const request = transaction.objectStore('entries').openCursor()
    let swept = 0
    for (;;) {
      const cursor = await result(request)
      if (cursor === null || swept === 1_000) return swept
      if ((cursor.value as Small).expiresAt <= now) {
        cursor.delete()
        swept += 1
      }
      cursor.continue()
    }
  }
  return {
    stores: { entries: indexes },
    put: (transaction, key, value, now) =>
      transaction.objectStore('entries').put({ value, expiresAt: now + LIFE, used: now }, key),
    get: (transaction, key) => result(transaction.objectStore('entries').get(key)),
    touch: async (transaction, key, now) => {
      const entries = transaction.objectStore('entries')
      const entry: Small = await result(entries.get(key))
      entries.put({ ...entry, expiresAt: now + LIFE }, key)
    },
    sweep: indexes.includes('expiresAt') ? sweepByIndex : sweepByCursor,
  }
}

/** Values apart from what is known of them: always, or only large ones. */
function twoStores(isApart: (value: unknown) => boolean, indexes: readonly string[]): Layout {
  const { touch, sweep } = oneStore(indexes)
  return {
    stores: { entries: indexes, values: [] },
    put: (transaction, key, value, now) => {
      const entry = { expiresAt: now + LIFE, used: now }
      const apart = isApart(value)
      transaction.objectStore('entries').put(apart ? entry : { ...entry, value }, key)
      if (apart) transaction.objectStore('values').put(value, key)
    },
    get: async (transaction, key) => {
      const entry: Small = await result(transaction.objectStore('entries').get(key))
      return 'value' in entry ? entry.value : result(transaction.objectStore('values').get(key))
    },
    touch,
    sweep: async (transaction, now) => {
      const keys = await result(
        transaction.objectStore('entries').index('expiresAt').getAllKeys(IDBKeyRange.upperBound(now), 1_000),
      )
      for (const key of keys)
        for (const store of ['entries', 'values']) transaction.objectStore(store).delete(key)
      return keys.length || sweep(transaction, now)
    },
  }
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  'one store': oneStore([]),
  '+ index on the deadline': oneStore(['expiresAt']),
  '+ index on last use': oneStore(['expiresAt', 'used']),
  'values always apart': twoStores(() => true, ['expiresAt', 'used']),
  'values over 32 kB apart': twoStores(isOver(32_768), ['expiresAt']),
  'values over 256 kB apart (ours)': twoStores(isOver(262_144), ['expiresAt']),
}

interface Task {
  readonly name: string
  /** Operations that one run makes. */
  readonly count: number
  run(database: IDBDatabase, layout: Layout, round: number): Promise<void>
}

const small = (id: number) => ({
  id,
  name: `User ${id}`,
  tags: ['a', 'b'],
  active: true,
  body: 'x'.repeat(900),
})
const large = (bytes: number) => (id: number) => ({ id, body: new Uint8Array(bytes).fill(id) })
const start = (database: IDBDatabase, layout: Layout, mode: IDBTransactionMode): IDBTransaction =>
  database.transaction(Object.keys(layout.stores), mode, { durability: 'relaxed' })

function fill(name: string, count: number, value: (id: number) => unknown, prefix: string): Task {
  return {
    name,
    count,
    run: async (database, layout) => {
      const transaction = start(database, layout, 'readwrite')
      for (let id = 0; id < count; id += 1) layout.put(transaction, `${prefix}${id}`, value(id), Date.now())
      transaction.commit()
      await completed(transaction)
    },
  }
}

function each(
  name: string,
  count: number,
  mode: IDBTransactionMode,
  step: (transaction: IDBTransaction, layout: Layout, id: number) => unknown,
): Task {
  return {
    name,
    count,
    run: async (database, layout, round) => {
      for (let index = 0; index < count; index += 1) {
        const transaction = start(database, layout, mode)
        const done = completed(transaction)
        await step(transaction, layout, (index * 7 + round * 13) % 50)
        if (mode === 'readwrite') transaction.commit()
        await done
      }
    },
  }
}

const TASKS: readonly Task[] = [
  fill('1,000 puts of 1 kB in one transaction', 1_000, small, 'small-'),
  fill('50 puts of 100 kB in one transaction', 50, large(100_000), '100-'),
  fill('50 puts of 500 kB in one transaction', 50, large(500_000), '500-'),
  each('a lone put of 1 kB', 50, 'readwrite', (transaction, layout, id) =>
    layout.put(transaction, `small-${id}`, small(id), Date.now()),
  ),
  each('a lone get of 1 kB', 50, 'readonly', (transaction, layout, id) =>
    layout.get(transaction, `small-${id}`),
  ),
  each('a lone get of 100 kB', 50, 'readonly', (transaction, layout, id) =>
    layout.get(transaction, `100-${id}`),
  ),
  each('a lone get of 500 kB', 50, 'readonly', (transaction, layout, id) =>
    layout.get(transaction, `500-${id}`),
  ),
  each('touch of 1 kB', 50, 'readwrite', (transaction, layout, id) =>
    layout.touch(transaction, `small-${id}`, Date.now()),
  ),
  each('touch of 100 kB', 50, 'readwrite', (transaction, layout, id) =>
    layout.touch(transaction, `100-${id}`, Date.now()),
  ),
  each('touch of 500 kB', 50, 'readwrite', (transaction, layout, id) =>
    layout.touch(transaction, `500-${id}`, Date.now()),
  ),
  {
    name: 'sweep of 1,000 dead among as many live',
    count: 1_000,
    run: async (database, layout) => {
      const transaction = start(database, layout, 'readwrite')
      await layout.sweep(transaction, Date.now())
      await completed(transaction)
    },
  },
]

const open = (name: string, layout: Layout): Promise<IDBDatabase> => {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => {
    for (const [store, indexes] of Object.entries(layout.stores)) {
      const made = opening.result.createObjectStore(store)
      for (const index of indexes) made.createIndex(index, index)
    }
  }
  return result(opening)
}

/** Microseconds for an operation of each task, in each layout, in each round: the layouts take turns. */
async function measure(rounds: number): Promise<Record<string, Record<string, number[]>>> {
  const databases = new Map<string, IDBDatabase>()
  for (const [name, layout] of Object.entries(LAYOUTS)) databases.set(name, await open(name, layout))
  const times: Record<string, Record<string, number[]>> = {}
  for (let round = 0; round < rounds; round += 1) {
    for (const task of TASKS) {
      for (const [name, layout] of Object.entries(LAYOUTS)) {
        const database = databases.get(name) as IDBDatabase
        if (task.name.startsWith('sweep')) {
          const transaction = start(database, layout, 'readwrite')
          for (let id = 0; id < 1_000; id += 1) {
            layout.put(transaction, `dead-${id}`, small(id), Date.now() - 2 * LIFE)
          }
          await completed(transaction)
        }
        const began = performance.now()
        await task.run(database, layout, round)
        const spent = ((performance.now() - began) * 1_000) / task.count
        const ofTask = times[task.name] ?? {}
        times[task.name] = ofTask
        ofTask[name] = [...(ofTask[name] ?? []), spent]
      }
    }
  }
  for (const database of databases.values()) database.close()
  return times
}

declare global {
  var measureLayouts: typeof measure
}

globalThis.measureLayouts = measure

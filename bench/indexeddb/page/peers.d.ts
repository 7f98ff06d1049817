// What the benchmark uses of its peers. They are installed only where it has run, and the compiler runs everywhere.

declare module 'idb-keyval' {
  export type UseStore = (mode: IDBTransactionMode, callback: (store: IDBObjectStore) => unknown) => unknown
  export function createStore(database: string, store: string): UseStore
  export function get(key: string, store: UseStore): Promise<unknown>
  export function set(key: string, value: unknown, store: UseStore): Promise<void>
  export function getMany(keys: readonly string[], store: UseStore): Promise<unknown[]>
  export function setMany(entries: readonly (readonly [string, unknown])[], store: UseStore): Promise<void>
  export function update<T>(key: string, updater: (old: T | undefined) => T, store: UseStore): Promise<void>
  export function keys(store: UseStore): Promise<string[]>
  export function delMany(keys: readonly string[], store: UseStore): Promise<void>
}

declare module 'dexie' {
  export interface Table {
    get(key: string): Promise<unknown>
    put(value: unknown, key: string): Promise<unknown>
    bulkGet(keys: readonly string[]): Promise<unknown[]>
    bulkPut(values: readonly unknown[], keys: readonly string[]): Promise<unknown>
    where(index: ':id'): { startsWith(prefix: string): { delete(): Promise<number> } }
  }
  export class Dexie {
    constructor(name: string)
    version(version: number): { stores(schema: Record<string, string>): unknown }
    open(): Promise<unknown>
    close(): void
    table(name: string): Table
    transaction(mode: 'rw', table: Table, work: () => Promise<unknown>): Promise<unknown>
  }
}

declare module 'localforage' {
  export interface LocalForage {
    readonly INDEXEDDB: string
    createInstance(options: object): LocalForage
    ready(): Promise<void>
    getItem(key: string): Promise<unknown>
    setItem(key: string, value: unknown): Promise<unknown>
    removeItem(key: string): Promise<void>
    keys(): Promise<string[]>
  }
  const localforage: LocalForage
  export default localforage
}

declare module 'unstorage' {
  export interface Storage {
    getItem(key: string): Promise<unknown>
    setItem(key: string, value: unknown): Promise<void>
    getItems(keys: readonly string[]): Promise<{ key: string; value: unknown }[]>
    setItems(items: readonly { key: string; value: unknown }[]): Promise<void>
    removeItem(key: string): Promise<void>
    getKeys(base: string): Promise<string[]>
    dispose(): Promise<void>
  }
  export function createStorage(options: { driver: unknown }): Storage
}

declare module 'unstorage/drivers/indexedb' {
  export default function indexedDb(options: { dbName: string; storeName: string }): unknown
}

export type Entries = readonly (readonly [key: string, value: unknown])[]

/**
 * One way to keep values in IndexedDB, on a database of its own. What it has no form of its own for, it leaves out: that
 * is not measured, or is measured with what it has.
 */
export interface Contestant {
  /** The object store that its entries are in. */
  readonly store: string
  set(key: string, value: unknown): Promise<unknown>
  get(key: string): Promise<unknown>
  /** Many calls at once, where that is not just many calls. */
  setAtOnce?(entries: Entries): Promise<unknown>
  getAtOnce?(keys: readonly string[]): Promise<unknown>
  incrAtOnce?(key: string, times: number): Promise<unknown>
  setMany?(entries: Entries): Promise<unknown>
  /** In the library's own form: an array, or a Map. */
  getMany?(keys: readonly string[]): Promise<unknown>
  /** Only where no count is lost. */
  incr?(key: string): Promise<unknown>
  /** Gives a value a new deadline. */
  touch(key: string): Promise<unknown>
  /** The fastest way in, not measured. */
  fill(entries: Entries, prefix?: string): Promise<unknown>
  /** Removes what was filled in under a prefix. */
  clear(prefix: string): Promise<unknown>
  close(): Promise<unknown>
}

export interface ContestantMaker {
  readonly id: string
  make(database: string): Promise<Contestant>
}

export function under(prefix: string, entries: Entries): Entries {
  return prefix === '' ? entries : entries.map(([key, value]) => [`${prefix}:${key}`, value])
}

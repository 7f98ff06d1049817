import type { Row } from './rows.ts'

export interface Peer {
  get(key: string): unknown
  set(key: string, value: unknown): unknown
}

/** The closures around a sync library that reads and writes, and does no more. */
export function readAndWrite(cache: Peer): Row {
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    incr: (key) => cache.set(key, (cache.get(key) as number) + 1),
    getOrSet: (key, value) => cache.get(key) ?? cache.set(key, value),
  }
}

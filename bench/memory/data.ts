/** What one column is measured with: keys, a value for each, and the order in which they are asked for. */
export interface Work {
  readonly keys: readonly string[]
  readonly values: readonly unknown[]
  /** Random indexes of `keys`; its length is a power of two. */
  readonly order: Int32Array
}

export interface User {
  readonly id: number
  readonly name: string
}

export const userKey = (id: number): string => `user:${id}:profile`
export const user = (id: number): User => ({ id, name: `User ${id}` })

export function users(count: number): Work {
  return work(count, userKey, user)
}

export function scores(count: number): Work {
  return work(count, (id) => `score:${id}:profile`, Number)
}

export function counters(): Work {
  return work(
    100,
    (id) => `counter:${id}`,
    () => 0,
  )
}

function work(count: number, key: (id: number) => string, value: (id: number) => unknown): Work {
  const ids = Array.from({ length: count }, (_, id) => id)
  // The names of an object's properties are interned. Some peers keep their entries in one, which interns the keys for
  // all rows after it: now they are so for all from the start.
  const keys = Object.keys(Object.fromEntries(ids.map((id) => [key(id), 0])))
  return { keys, values: ids.map(value), order: randomOrder(count) }
}

function randomOrder(count: number): Int32Array {
  const random = mulberry32(count)
  return Int32Array.from({ length: Math.max(2 ** 16, 2 ** Math.ceil(Math.log2(count))) }, () =>
    Math.floor(random() * count),
  )
}

/** The same numbers in every run. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

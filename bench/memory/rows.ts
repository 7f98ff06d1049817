/** One call of a library. Sync rows answer at once, async rows with a promise. */
export type Call = (key: string, value: unknown) => unknown

/** A library, filled and called through closures of its own: every row pays the same for being called. */
export interface Row {
  readonly get?: Call
  readonly set?: Call
  /** How to fill what has no `set` of its own to measure. */
  readonly fill?: Call
  /** Peers have no counter: they read and write. */
  readonly incr?: Call
  /** On a hit. */
  readonly getOrSet?: Call
}

export type Op = Exclude<keyof Row, 'fill'>

export interface RowMaker {
  readonly id: string
  readonly label: string
  /** `capacity` is as many entries as will ever be in it. */
  make(capacity: number): Row
}

export function filling({ fill, set }: Row): Call {
  const call = fill ?? set
  if (call === undefined) throw new Error('A row needs a way to be filled')
  return call
}

/** Seconds; long enough that nothing expires while it is measured. */
export const TIMEOUT = 300
export const TTL = TIMEOUT * 1000

/** By a name that the compiler does not follow: the peers are installed only where the benchmark has run. */
export async function peer<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module
}

/** What loads on a miss. There is none. */
export function missed(): never {
  throw new Error('Every key should have been there')
}

/**
 * The row the second time it is made. What is made once, V8 may treat as a constant of the closures around it; a
 * library with one row would be ahead of one with four.
 */
export function made({ make }: RowMaker, capacity: number): Row {
  make(capacity)
  return make(capacity)
}

/** One call, as data. `load` is what the loader does. */
export type Step =
  | { readonly method: 'agetOrSet'; readonly key: string; readonly load: LoadPlan }
  | { readonly method: 'aget' | 'adelete' | 'aexpire' | 'apop'; readonly key: string }
  | { readonly method: 'aset'; readonly key: string; readonly tags: readonly string[] }
  | { readonly method: 'adeleteTags' | 'aexpireTags'; readonly tags: readonly string[] }
  | { readonly method: 'aclear' }
  /** Not a call: seconds pass. */
  | { readonly method: 'advance'; readonly seconds: number }

export interface LoadPlan {
  /** How many moments the loader waits. */
  readonly moments: number
  readonly end: 'value' | 'skip' | 'undefined' | 'error'
  readonly tags: readonly string[]
  /** True if only the loader knows the tags. */
  readonly isLate: boolean
  /** Seconds in which a stale value is served. */
  readonly window: number
}

/**
 * What happened, on a clock that all clients share and that never repeats a value. `invoked` is before the start of
 * a call, `returned` after its end.
 */
export interface History {
  readonly values: readonly Value[]
  readonly changes: readonly Change[]
  readonly reads: readonly Read[]
}

/** A value that was loaded or written. */
export interface Value {
  readonly id: string
  readonly key: string
  readonly tags: readonly string[]
  /** When it can be no newer: a moment after its load began, or after its write was acknowledged. */
  readonly since: number
  /** True if it may be served stale. */
  readonly hasWindow: boolean
}

/** A call that ends the life of values: those of a key, of tags, or all. */
export interface Change {
  readonly method: string
  readonly key?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly invoked: number
  readonly returned: number
}

/** A call that returned a value, or `undefined`. */
export interface Read {
  readonly method: string
  readonly key: string
  readonly value: string | undefined
  readonly invoked: number
  readonly returned: number
}

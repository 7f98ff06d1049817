import type { Entry, Op, Outcome, Wanted } from '../../core/adapter.ts'
import type { Stored } from './codec.ts'

/*
 * What Workers and owners say to each other. A deployment replaces them one by one, so either may be older than the other:
 * fields may be added, and who does not know them passes over them; none may go or change its meaning.
 */

/** An entry as it travels and as the owner keeps it: encoded. */
export interface StoredEntry extends Entry {
  readonly value: Stored
}

export interface StoredChange {
  readonly key: string
  readonly op:
    | Exclude<Op, { kind: 'set' | 'add' | 'incr' }>
    | { readonly kind: 'set' | 'add'; readonly entry: StoredEntry }
    | (Extract<Op, { kind: 'incr' }> & { readonly initial?: StoredEntry })
  /** Not if the entry no longer points to the blob `from`. First puts `to` in its place. */
  readonly blob?: { readonly from: string; readonly to?: Stored }
}

/** `'outlived'`: the deadline asked for is beyond the life of the blob that `entry` points to, and it needs another. */
export type StoredOutcome =
  | Outcome
  | { readonly ok: false; readonly reason: 'outlived'; readonly entry: StoredEntry }

/** What every answer of an owner carries. */
export interface Reply {
  /** Always zero. Clients of the first form add them up; rows are now counted by `CacheShard#billedRows`. */
  readonly rows?: Rows
  /** The storage that it answers from: a text of its own that each storage gets when it is created. */
  readonly incarnation?: string
}

/** Rows that SQLite bills. */
export interface Rows {
  readonly read: number
  readonly written: number
}

export interface ReadRequest {
  readonly keys: readonly string[]
  readonly wanted: Wanted
  /** The reader found no copy under this beginning of a KV key: what is found shall have one. */
  readonly publish?: string
}

export interface ReadReply extends Reply {
  /**
   * In the order asked; expired ones included. For `'presence'` each value is 0. Of those that are together too large for
   * one answer, the first ones: ask again for the rest.
   */
  readonly entries: readonly (StoredEntry | null)[]
}

export interface CommitRequest {
  readonly changes: readonly StoredChange[]
  readonly now: number
}

export interface CommitReply extends Reply {
  /** Of the changes, in order. If those are together too large for one answer, of the first ones: the others were not made. */
  readonly outcomes: readonly StoredOutcome[]
  /** A copy with this stamp or a later one was made with all changes in it that have an outcome. */
  readonly stamp: number
}

export interface ClearRequest {
  readonly scope: string
  /** Given out by the cache's first owner, which is asked without one. */
  readonly generation?: number
  /** Under which KV key the first owner tells readers of it. */
  readonly announce?: string
}

export interface ClearReply extends Reply {
  readonly generation: number
}

/** A blob that is about to be written and never expires, with the key that will point to it. */
export interface Reserved {
  readonly name: string
  readonly key: string
}

export interface ReserveRequest {
  readonly blobs: readonly Reserved[]
}

export type ReserveReply = Reply

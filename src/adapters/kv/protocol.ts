import type { Entry, Invalidation, Op, Outcome, Wanted } from '../../core/adapter.ts'

/*
 * The messages between Workers and owners. A deployment replaces them one by one, so either may be older than the other. Fields may be
 * added, and are ignored where they are unknown. None may be removed or change its meaning.
 */

/**
 * A value in a text store. A safe integer stays a number, so that its owner can count without decoding. Anything else says in `format`
 * how to read it.
 */
export type Stored = number | Encoded

export interface Encoded {
  readonly format: string
  readonly data: string | Uint8Array
}

/** An entry as it travels and as the owner keeps it: encoded. */
export interface StoredEntry extends Entry {
  readonly value: Stored
}

/** An operation with its values encoded. */
export type StoredOp = EncodedOp<Op>

type EncodedOp<O> = O extends { readonly entry: Entry }
  ? Omit<O, 'entry'> & { readonly entry: StoredEntry }
  : 'initial' extends keyof O
    ? Omit<O, 'initial'> & { readonly initial?: StoredEntry }
    : O

export interface StoredChange {
  readonly key: string
  readonly op: StoredOp
  /** Done only if the entry still points to the blob `from`, after replacing that by `to`. */
  readonly blob?: { readonly from: string; readonly to?: Stored }
}

/** `'outlived'`: the new deadline is later than that of the blob of `entry`, which needs a new blob first. */
export type StoredOutcome =
  | Outcome
  | { readonly ok: false; readonly reason: 'outlived'; readonly entry: StoredEntry }

/** The common part of all answers. */
export interface Reply {
  /** Always zero, for earlier clients, which add them up. See `CacheShard#billedRows`. */
  readonly rows?: Rows
  /** Identifies the owner's storage. Each storage gets a new text when it is created. */
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
  /** The reader found no replica under this KV prefix. The owner writes one of each entry found. */
  readonly publish?: string
  /** Loads to claim, of keys that have no live entry. The claimed entries have the claims. */
  readonly claims?: readonly KeyClaim[]
  /** The caller's time in epoch milliseconds. Given with `claims`. */
  readonly now?: number
}

/** The right to load a key and to store the value. */
export interface KeyClaim {
  readonly key: string
  readonly token: number
  /** Epoch milliseconds of the caller's clock. The owner may end it earlier, unless it is renewed. */
  readonly until: number
}

export interface ReadReply extends Reply {
  /**
   * In the order asked, expired ones included. For `'presence'` each value is 0. If they are too large for one answer, only the first
   * ones: ask again for the rest.
   */
  readonly entries: readonly (StoredEntry | null)[]
}

export interface CommitRequest {
  readonly changes: readonly StoredChange[]
  readonly now: number
}

export interface CommitReply extends Reply {
  /** In the order of the changes. If they are too large for one answer, only the first ones: the other changes were not made. */
  readonly outcomes: readonly StoredOutcome[]
  /** A replica with this stamp or a later one includes all changes that have an outcome. */
  readonly stamp: number
}

export interface ClearRequest {
  readonly scope: string
  /** Assigned by the cache's first owner, whose request has none. */
  readonly generation?: number
  /** The KV key under which the first owner announces the clear. */
  readonly announce?: string
}

export interface ClearReply extends Reply {
  readonly generation: number
}

/** A blob without a deadline that is about to be written, and the key of its entry. */
export interface Reserved {
  readonly name: string
  readonly key: string
}

export interface ReserveRequest {
  readonly blobs: readonly Reserved[]
}

export type ReserveReply = Reply

export interface ClaimLoadRequest extends KeyClaim {
  readonly now: number
  /** See `ClaimRequest` of the core. */
  readonly refresh?: number | undefined
  /** True to wait, for a limited time, while someone else loads the key. */
  readonly wait: boolean
}

export interface ClaimLoadReply extends Reply {
  readonly isGranted: boolean
  /** The live entry that makes the load unnecessary. */
  readonly entry?: StoredEntry
}

export interface RenewRequest {
  readonly key: string
  readonly token: number
}

export interface RenewReply extends Reply {
  /** False if the claim is gone. */
  readonly isHeld: boolean
}

export interface DeleteTagsRequest {
  readonly tags: readonly string[]
  readonly invalidation: Invalidation
  /** The caller's time in epoch milliseconds, at which the entries become stale. */
  readonly now: number
  /** As in {@link ClearRequest}. */
  readonly generation?: number
  readonly announce?: string
}

export type DeleteTagsReply = ClearReply

export interface ListKeysRequest {
  /** What the keys begin with. */
  readonly scope: string
  /** The last key of the portion before. */
  readonly after?: string
  readonly limit: number
  /** The caller's time in epoch milliseconds. */
  readonly now: number
}

export interface ListKeysReply extends Reply {
  /** The live ones. */
  readonly keys: readonly string[]
  /** Where the next portion begins; missing if this was the last. */
  readonly after?: string
}

/** A stored value, its deadline, and what else is known of it. */
export interface Entry {
  /** In memory and IndexedDB, the value itself. In a text store, a safe integer or the encoded value. */
  readonly value: unknown
  /** Epoch milliseconds, or `null` for never. The entry is live while `expiresAt > now`. */
  readonly expiresAt: number | null
  /** Only for entries with tags, stale windows or an age. Other entries must cost nothing for it. */
  readonly metadata?: Metadata | undefined
  /** Only while a load of the key is in flight in some process. */
  readonly claim?: Claim | undefined
}

/** What some entries have in addition to a deadline. Plain JSON. */
export interface Metadata {
  /** Epoch milliseconds at which the value was stored. */
  readonly storedAt: number
  /** The milliseconds that the load of the value took. */
  readonly loadMs?: number | undefined
  /** For how many milliseconds after `expiresAt` `agetOrSet` may return the value while it loads a new one. `null`: no end. */
  readonly staleWhileRevalidateMs?: number | null | undefined
  /** For how many milliseconds after `expiresAt` `agetOrSet` may return the value if a load fails. `null`: no end. */
  readonly staleIfErrorMs?: number | null | undefined
  /** The stored tags: each with the key prefix of its cache in front. */
  readonly tags?: readonly string[] | undefined
}

/**
 * The right to store what a load brings. Every change of the key removes the claim, so that a value that was
 * loaded before the change is not stored after it.
 */
export interface Claim {
  readonly token: number
  /** Epoch milliseconds at which the claim ends by itself, in case its holder has died. */
  readonly until: number
  /** Stored tags that were invalidated since. A loaded value with one of them is not stored. */
  readonly invalidatedTags?: readonly string[] | undefined
}

/**
 * An operation on one key, as data. It can be batched, merged with other callers' operations, and sent to
 * another machine.
 */
export type Op =
  | { readonly kind: 'set'; readonly entry: Entry }
  | { readonly kind: 'add'; readonly entry: Entry }
  | { readonly kind: 'touch'; readonly expiresAt: number | null }
  /** Adds `delta` to the live entry. If there is none, adds it to `initial`, if given. */
  | { readonly kind: 'incr'; readonly delta: number; readonly initial?: Entry }
  | { readonly kind: 'delete' }
  /** Removes the live entry and returns it. */
  | { readonly kind: 'pop' }
  /**
   * Deletes the live entry if its value is this number. A lock uses it to release itself, and never a later
   * holder's lock.
   */
  | { readonly kind: 'release'; readonly token: number }
  /** Moves the live entry, with its remaining time, to the key `to`. Replaces any entry there. */
  | { readonly kind: 'move'; readonly to: string }
  /** Ends the freshness of the entry now. What remains is stale. Without a stale window it is removed. */
  | { readonly kind: 'expire' }
  /**
   * Claims the load of a key that has no live entry. With `refresh`, also if it has one whose deadline is not
   * later than that; with `force`, also if someone else has a claim. The outcome has the live entry instead,
   * if there is one.
   */
  | {
      readonly kind: 'claim'
      readonly token: number
      readonly until: number
      readonly refresh?: number | undefined
      readonly force?: boolean
    }
  /** Ends the claim and stores the loaded entry. Refused if the claim is gone. */
  | { readonly kind: 'fill'; readonly token: number; readonly entry: Entry }
  /** Ends the claim of a load that stores nothing. */
  | { readonly kind: 'unclaim'; readonly token: number }

/** One operation on one key. */
export interface Change {
  /** The stored key: `prefix:version:key` with the default key function. */
  readonly key: string
  readonly op: Op
  /** True for the key of a lock. Subscribers are not told of it. */
  readonly isLock?: true | undefined
}

/** What has changed in a store. */
export type StoreChange =
  /** Entries were stored, removed, or got another deadline. `keys` are stored keys. */
  | { readonly kind: 'changed'; readonly keys: readonly string[] }
  /** All entries whose stored keys start with `scope` were removed; `''`: all entries. */
  | { readonly kind: 'cleared'; readonly scope: string }
  /** The entries with these stored tags were removed or became stale. */
  | { readonly kind: 'invalidated'; readonly tags: readonly string[] }

/**
 * Why a change was refused. An adapter itself reports two of these. `'too-large'`: it can never hold the
 * value, which exceeds `maxValueBytes` or the byte limit of all entries together. `'evicted'`: the change was
 * made, but the entry was evicted to make space for other changes of the same `commit`.
 */
export type Refusal =
  | 'exists'
  | 'missing'
  | 'not-an-integer'
  | 'out-of-range'
  | 'too-large'
  | 'evicted'
  /** Someone else is loading the key. */
  | 'claimed'
  /** The claim of the load is gone. */
  | 'superseded'

/**
 * What a read needs. `'presence'` needs only the deadlines: the adapter may leave out the values, and the
 * read does not count as a use for LRU eviction.
 */
export type Wanted = 'value' | 'presence'

/**
 * The result of one change. `value` and `expiresAt` are the new number and its deadline after `incr`, `entry` the
 * entry that `pop` removed or that made a `claim` unnecessary.
 */
export type Outcome =
  | {
      readonly ok: true
      readonly value?: number
      readonly expiresAt?: number | null
      readonly entry?: Entry
    }
  | { readonly ok: false; readonly reason: Refusal }

/** A request to load a key, see {@link Adapter.claim}. */
export interface ClaimRequest {
  readonly token: number
  /** After this time the claim ends by itself. */
  readonly milliseconds: number
  /**
   * To replace a live entry: its deadline, `Infinity` for never. A live entry with a later deadline makes the
   * claim unnecessary.
   */
  readonly refresh?: number | undefined
  /** True to wait while someone else loads the key. */
  readonly wait: boolean
}

/** `isGranted`: the caller may load, and must then commit a `fill` or `unclaim` with its token. */
export type ClaimReply =
  | {
      readonly isGranted: true
      /** Called after that commit. */
      readonly release?: (() => void) | undefined
    }
  | {
      readonly isGranted: false
      /** The live entry, if there is one. Otherwise someone else is still loading. */
      readonly entry?: Entry | undefined
    }

/** What happens to the entries of an invalidated tag: they are removed, or they become stale. */
export type Invalidation = 'delete' | 'expire'

/** What an adapter guarantees. Tests, the table in the documentation and users' code all rely on this declaration. */
export interface Supports {
  /** Operations on a key are atomic, also across tabs, isolates and requests. */
  readonly atomic: boolean
  /** All changes of one `commit` are stored together or not at all. */
  readonly atomicBatch: boolean
  /**
   * Read-your-writes: a read that starts after a write was acknowledged sees it, in the isolate, tab or
   * process that wrote.
   */
  readonly readYourWrites: boolean
  /**
   * For how many seconds a read may return a value that was overwritten, touched or deleted elsewhere. 0
   * means never. The platform may add somewhat more. A read with `{ fresh: true }` is never stale, and no
   * read returns a value past its own deadline.
   */
  readonly staleness: number
  /** Loads of `agetOrSet` run one at a time per key, also across tabs, isolates and requests. */
  readonly sharedLoads: boolean
  /** It has `deleteTags`. */
  readonly tags: boolean
  /** It has `listKeys`. */
  readonly listing: boolean
  /** Entries outlive the page, process or isolate that wrote them. */
  readonly persistent: boolean
  /**
   * Which object a read returns. `'fresh'`: a new object for each read. `'kept'`: the stored object, which
   * the core copies for each reader. `'shared'`: the stored object, uncopied, for readers and writers alike.
   */
  readonly values: 'fresh' | 'kept' | 'shared'
  /** The most UTF-8 bytes of a key with its prefix and version, or `null` for no limit. */
  readonly maxKeyBytes: number | null
  /** The most bytes of one encoded value, or `null` if only the store's quota limits it. */
  readonly maxValueBytes: number | null
}

/**
 * Stores entries. An adapter provides the storage and the atomicity. What the operations mean is decided by
 * the operation table in `core/operations.ts`, which every adapter calls. Test your own adapter with
 * `adapterSuite` from `nearcache/testing`.
 */
export interface Adapter {
  /** Appears in error messages. */
  readonly name: string
  /** What this adapter guarantees. Read once, when a cache is created. */
  readonly supports: Supports
  /**
   * Reads the entries of `keys`, in that order, with `undefined` for absent ones. May return expired entries:
   * the core filters them, and must return stale ones until their windows end. `now` is the caller's time in
   * epoch milliseconds. If `supports.staleness` is not 0, `fresh` requests the current entries. With `claim`
   * an adapter that can do so at no cost claims the load of a single key that has no live entry: the returned
   * entry then has the claim.
   */
  read(
    keys: readonly string[],
    now: number,
    wanted: Wanted,
    fresh?: boolean,
    claim?: ClaimRequest,
  ): Promise<readonly (Entry | undefined)[]>
  /**
   * Decides and stores each change, in order, and returns an outcome for each. Rejects only if the store
   * itself fails.
   */
  commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]>
  /** Removes every entry whose key starts with `scope`. With `''`, removes every entry that nearcache stored. */
  clear(scope: string): Promise<void>
  /**
   * Claims the load of a key for `agetOrSet`, if `supports.sharedLoads`. Without this method, loads run one at
   * a time in this process only.
   */
  claim?(key: string, now: number, request: ClaimRequest): Promise<ClaimReply>
  /**
   * True if reads return the claims of loads in flight, also of keys that have no entry. The core then sees that
   * another process has ended the claim of a load, and lets no later caller join it.
   */
  readonly readsClaims?: boolean | undefined
  /**
   * Invalidates every entry that has one of the stored tags, and every load in flight that brings one. Entries
   * written later are not affected. Required if `supports.tags`.
   */
  deleteTags?(tags: readonly string[], now: number, invalidation: Invalidation): Promise<void>
  /**
   * Lists the stored keys that start with `scope` and are live at `now`, in portions, in any order. A key that is
   * live from the beginning to the end is listed exactly once, one that comes or goes meanwhile at most once.
   * Required if `supports.listing`.
   */
  listKeys?(scope: string, now: number): AsyncIterable<readonly string[]>
  /**
   * Tells `listener` of every change in the store, of this process and of others, until the returned function
   * is called. Without this method, subscribers hear only of changes through caches on this adapter object.
   */
  readonly subscribe?: ((listener: (change: StoreChange) => void) => () => void) | undefined
  /** Keeps the process or request alive until a load in the background has ended, where the platform needs that. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined
  /** Releases open resources. A later call opens them again. */
  close(): Promise<void>
}

/**
 * The entries whose stored keys start with one prefix, `prefix:version:`, under the caller's own keys. It
 * saves a sync cache from building the stored key for every call. A bucket stays usable after its entries are
 * deleted or cleared.
 */
export interface Bucket {
  /**
   * Decides and stores one change of one entry, and returns the outcome. Not for a move, which involves two
   * buckets.
   */
  commit(userKey: string, op: Op, now: number): Outcome
  /**
   * Returns the value of a live entry, else `undefined`. Counts as a use. Reads the clock only if the entry
   * can expire.
   */
  read(userKey: string, clock: () => number): unknown
  /** If true, the caller may skip key validation. */
  hasSafe(userKey: string): boolean
  /**
   * Runs `incr` on a live counter under a safe key, without a decision. Otherwise returns `undefined` and
   * does nothing.
   */
  tryIncr(userKey: string, delta: number, clock: () => number): number | undefined
  /** Overwrites an entry under a safe key, if nothing must be evicted. Otherwise returns `false` and does nothing. */
  trySet(userKey: string, value: unknown, expiresAt: number | null): boolean
}

/** The additional methods of an adapter that can answer synchronously. */
export interface SyncStorage {
  /** Synchronous {@link Adapter.read}. */
  readSync(keys: readonly string[], now: number, wanted: Wanted): readonly (Entry | undefined)[]
  /** Synchronous {@link Adapter.commit}. */
  commitSync(changes: readonly Change[], now: number): readonly Outcome[]
  /** Synchronous {@link Adapter.clear}. */
  clearSync(scope: string): void
  /** Synchronous {@link Adapter.listKeys}: all keys at once. */
  listKeysSync?(scope: string, now: number): readonly string[]
  /** Synchronous {@link Adapter.deleteTags}. */
  deleteTagsSync?(tags: readonly string[], now: number, invalidation: Invalidation): void
  /** Returns the bucket of a prefix, for faster access. Optional: without it, every call uses the methods above. */
  readonly bucket?: ((prefix: string) => Bucket) | undefined
}

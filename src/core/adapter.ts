/** A stored value and its deadline. */
export interface Entry {
  /** In memory and IndexedDB the value itself; in a text store a safe integer or the encoded value. */
  readonly value: unknown
  /** Epoch milliseconds; `null` = never. The entry is live while `expiresAt > now`. */
  readonly expiresAt: number | null
}

/** What is to happen to one key, as data: it can be batched, merged with others' and sent to another machine. */
export type Op =
  | { readonly kind: 'set'; readonly entry: Entry }
  | { readonly kind: 'add'; readonly entry: Entry }
  | { readonly kind: 'touch'; readonly expiresAt: number | null }
  /** Counts on the live entry, or, where there is none and `initial` is given, on that. */
  | { readonly kind: 'incr'; readonly delta: number; readonly initial?: Entry }
  | { readonly kind: 'delete' }
  /** Takes the live entry out and gives it. */
  | { readonly kind: 'pop' }
  /** Deletes the live entry if its value is this number: how a lock lets go of itself and of nobody else's. */
  | { readonly kind: 'release'; readonly token: number }
  /** Takes the live entry, with its remaining time, to the key `to`, over whatever is there. */
  | { readonly kind: 'move'; readonly to: string }

/** One operation on one key. */
export interface Change {
  /** The stored key, where the entry lives: `prefix:version:key` with the default key function. */
  readonly key: string
  readonly op: Op
}

/**
 * Why a change was not made. `'too-large'` is for an adapter to say, of a value that it can never hold: beyond
 * `maxValueBytes`, or heavier than all its entries may be together. `'evicted'` too: the change was made, and others of the
 * same `commit` took all the room there is.
 */
export type Refusal = 'exists' | 'missing' | 'not-an-integer' | 'out-of-range' | 'too-large' | 'evicted'

/**
 * What a read is for. `'presence'` asks only for deadlines: the values may be left out, and looking is not using where
 * the place keeps an order of use.
 */
export type Wanted = 'value' | 'presence'

/** The answer to one change: `value` is the new number after `incr`, `entry` what `pop` took. */
export type Outcome =
  | { readonly ok: true; readonly value?: number; readonly entry?: Entry }
  | { readonly ok: false; readonly reason: Refusal }

/** What a place can and cannot promise: the one declaration that drives tests, the docs' table and users' branches. */
export interface Supports {
  /** Each change to a key is one indivisible step, whoever else (tab, isolate, request) changes it. */
  readonly atomic: boolean
  /** All changes of one `commit` are stored together or not at all. */
  readonly atomicBatch: boolean
  /** A read that starts after a write was acknowledged sees it, in the isolate, tab or process that wrote. */
  readonly readYourWrites: boolean
  /**
   * Seconds for which a read may still give what someone elsewhere has overwritten, touched or deleted, or somewhat more
   * where the platform says so; 0 = never. Not with `{ fresh: true }`, and never past the value's own deadline.
   */
  readonly staleness: number
  /** Entries outlive the page, process or isolate that wrote them. */
  readonly persistent: boolean
  /**
   * `'fresh'`: each read gives an object of its own. `'kept'`: a read gives the object that was stored, and the core
   * copies it for each reader. `'shared'`: readers and writers are handed the same object, uncopied.
   */
  readonly values: 'fresh' | 'kept' | 'shared'
  /** UTF-8 bytes of a key with its prefix and version, or `null` for no limit. */
  readonly maxKeyBytes: number | null
  /** Bytes of one encoded value, or `null` for no limit but the store's quota. */
  readonly maxValueBytes: number | null
}

/**
 * A place to keep entries. It brings the place and the atomic bracket; what the operations mean is decided by
 * the operation table in `core/operations.ts`, which every adapter calls inside its bracket. Third parties prove theirs with
 * `adapterSuite` from `nearcache/testing`.
 */
export interface Adapter {
  /** Stands in the messages of errors. */
  readonly name: string
  /** What this place can and cannot promise. Read once, when a cache is made. */
  readonly supports: Supports
  /**
   * The entries of `keys`, in that order, `undefined` where absent. May return expired ones: the core filters. `now` is
   * the caller's time in epoch milliseconds. Where
   * `supports.staleness` is not 0, `fresh` asks for what is stored now.
   */
  read(
    keys: readonly string[],
    now: number,
    wanted: Wanted,
    fresh?: boolean,
  ): Promise<readonly (Entry | undefined)[]>
  /** Decides and stores each change, in order, and answers each. Rejects only if the store itself failed. */
  commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]>
  /** Removes every entry whose key begins with `scope`; `''` removes everything that is ours. */
  clear(scope: string): Promise<void>
  /** Releases what the adapter holds open. A later call opens it again. */
  close(): Promise<void>
}

/**
 * The entries whose stored keys begin with one prefix, `prefix:version:`, each under the caller's own key. It spares a sync
 * cache joining the two for every call. A bucket stays usable whatever is stored, deleted or cleared meanwhile.
 */
export interface Bucket {
  /** Decides and stores one change of one entry, and answers it. Not for a move, which concerns two buckets. */
  commit(userKey: string, op: Op, now: number): Outcome
  /** The value of a live entry, else `undefined`. Counts as a use. Asks for the time only if the entry can expire. */
  read(userKey: string, clock: () => number): unknown
  /** If true, the caller may skip key validation. */
  hasSafe(userKey: string): boolean
  /** `incr` of a live counter under a safe key, without a decision. Otherwise `undefined`, with nothing done. */
  tryIncr(userKey: string, delta: number, clock: () => number): number | undefined
  /** `set` over an entry under a safe key, if nothing must be evicted. Otherwise `false`, with nothing done. */
  trySet(userKey: string, value: unknown, expiresAt: number | null): boolean
}

/** What an adapter that can answer at once has in addition. */
export interface SyncStorage {
  /** {@link Adapter.read}, at once. */
  readSync(keys: readonly string[], now: number, wanted: Wanted): readonly (Entry | undefined)[]
  /** {@link Adapter.commit}, at once. */
  commitSync(changes: readonly Change[], now: number): readonly Outcome[]
  /** {@link Adapter.clear}, at once. */
  clearSync(scope: string): void
  /** A faster way to the entries of one prefix. Without it, every call goes through the methods above. */
  readonly bucket?: ((prefix: string) => Bucket) | undefined
}

import type { Change, ClaimRequest, Entry, Invalidation, Op, Outcome, Wanted } from './adapter.ts'
import type { Version } from './keys.ts'
import type { GetOrSetOptions } from './options.ts'
import type { Schema } from './schema.ts'

// A plan is the call of a public method as data: what to ask the adapter, and how to turn the answer into the
// result.

/** Reads keys, and builds the result from their live entries. */
export interface ReadPlan<R> {
  /** The public method that was called. Error messages start with it. */
  readonly method: string
  readonly keys: readonly string[]
  readonly wanted: Wanted
  readonly fresh?: boolean | undefined
  readonly now: number
  /** True if `finish` gets expired entries as well. */
  readonly isStaleWanted?: boolean | undefined
  /** Claims the load of the key, if the adapter can do so with this read. */
  readonly claim?: ClaimRequest | undefined
  finish(entries: readonly (Entry | undefined)[]): R
  /** The result if the store fails and `onError` treats that as a miss. Default: that of missing keys. */
  readonly missed?: (() => R) | undefined
}

/** A promise only if a schema is asynchronous. */
export type MaybePromise<T> = T | Promise<T>

/** Changes one entry under the caller's key, and builds the result from the outcome. */
export interface ChangePlan<R> {
  readonly method: string
  readonly key: string
  readonly version: Version | undefined
  readonly op: Op
  readonly now: number
  finish(outcome: Outcome | undefined): R
}

/** Makes several changes in one batch, under stored keys. */
export interface CommitPlan<R> {
  readonly method: string
  readonly changes: readonly Change[]
  readonly now: number
  finish(outcomes: readonly Outcome[]): R
}

/** Moves a key to the version `to`. */
export interface MovePlan extends CommitPlan<number> {
  readonly key: string
  readonly to: number
}

/** A call of `agetOrSet` or `getOrSet`. */
export interface LoadCall {
  readonly method: string
  readonly key: string
  readonly loader: unknown
  readonly options: GetOrSetOptions
}

/** Invalidates stored tags. */
export interface TagsCall {
  readonly method: string
  readonly tags: readonly string[]
  readonly invalidation: Invalidation
  readonly now: number
}

/** A listing of the keys of one version that begin with what the caller gave. */
export interface ListCall {
  readonly method: string
  /** What the stored keys begin with. */
  readonly scope: string
  /** The length of what stands in front of the caller's own keys. */
  readonly prefixLength: number
  readonly schema: Schema | undefined
}

/** One call of `alock` or `lock`. Each attempt reads the clock again, because the lock's timeout starts there. */
export interface LockCall {
  /** Milliseconds to keep trying. */
  readonly wait: number
  take(): CommitPlan<boolean>
  release(): CommitPlan<boolean>
}

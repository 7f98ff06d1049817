import type { Change, Entry, Op, Outcome, Wanted } from './adapter.ts'
import type { Version } from './keys.ts'
import type { SetOptions } from './options.ts'

// A plan is a public method's call as data: what the adapter is asked, and what is made of its answer.

/** Reads keys, and makes the result of their live entries. */
export interface ReadPlan<R> {
  /** The public method that was called. It begins the messages of errors. */
  readonly method: string
  readonly keys: readonly string[]
  readonly wanted: Wanted
  readonly fresh?: boolean | undefined
  readonly now: number
  finish(entries: readonly (Entry | undefined)[]): R
}

/** Changes one entry, named by the caller's key, and makes the result of the outcome. */
export interface ChangePlan<R> {
  readonly method: string
  readonly key: string
  readonly version: Version | undefined
  readonly op: Op
  readonly now: number
  finish(outcome: Outcome | undefined): R
}

/** Makes several changes together, under stored keys. */
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

/** What `agetOrSet` and `getOrSet` do beside reading. */
export interface LoadCall {
  readonly method: string
  readonly key: string
  readonly version: Version | undefined
  readonly loader: unknown
  readonly timeout: SetOptions['timeout']
  readonly fresh?: boolean | undefined
}

/** One call for a lock. Each attempt takes the time anew, since the lock's timeout counts from there. */
export interface LockCall {
  /** Milliseconds to keep trying. */
  readonly wait: number
  take(): CommitPlan<boolean>
  release(): CommitPlan<boolean>
}

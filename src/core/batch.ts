import type { Change, Entry, Op, Outcome } from './adapter.ts'
import { isBlind, step } from './decide.ts'

/** What one caller wants done together, and the time of the call. */
export interface Commit {
  readonly changes: readonly Change[]
  readonly now: number
}

/** The keys that a change may write. */
export function keysOf({ key, op }: Keyed): string[] {
  return op.to === undefined ? [key] : [key, op.to]
}

/** A change as far as it says where, in any form. */
interface Keyed {
  readonly key: string
  readonly op: { readonly kind: Op['kind']; readonly to?: string }
}

/** The keys whose stored entries must be at hand before a batch can be decided: each once, in order of need. */
export function keysToRead(commits: readonly Commit[]): string[] {
  const overwritten = new Set<string>()
  const needed = new Set<string>()
  for (const { changes, now } of commits) {
    for (const { key, op } of changes) {
      // What follows a blind change in the batch sees what that one left.
      if (isBlind(op, now)) overwritten.add(key)
      else if (!overwritten.has(key)) needed.add(key)
    }
  }
  return [...needed]
}

/** What became of the commits of a batch, and what to store. */
export interface BatchDecision {
  /** For each commit, one for each of its changes, in order. */
  readonly outcomes: readonly Outcome[][]
  /** What to store under each key that changed, `undefined` = remove: each key once, whatever happened to it. */
  readonly writes: ReadonlyMap<string, Entry | undefined>
  /** Why each key that stays was last written: `writes` without the removed, in order of last use. */
  readonly uses: ReadonlyMap<string, Op['kind']>
}

/**
 * Decides the commits of a batch, in order, against the entries that {@link keysToRead} asked for. For the adapters that
 * read everything first, decide, and write what is left of it: IndexedDB and the Durable Object.
 *
 * What `fits` says no to is refused as too large, by {@link step}'s rule of what then becomes of the key.
 */
export function decideBatch(
  stored: ReadonlyMap<string, Entry>,
  commits: readonly Commit[],
  fits: (key: string, entry: Entry) => boolean = () => true,
): BatchDecision {
  const writes = new Map<string, Entry | undefined>()
  const uses = new Map<string, Op['kind']>()
  const place = {
    get: (key: string) => (writes.has(key) ? writes.get(key) : stored.get(key)),
    set: (key: string, entry: Entry, why: Op['kind']) => {
      if (!fits(key, entry)) return false
      writes.set(key, entry)
      // Touching is no use: what else was done to the key in this batch stands, and stands where it stood.
      if (why === 'touch' && uses.has(key)) return true
      uses.delete(key)
      uses.set(key, why)
      return true
    },
    delete: (key: string) => {
      writes.set(key, undefined)
      uses.delete(key)
    },
  }
  const outcomes = commits.map(({ changes, now }) => changes.map(({ key, op }) => step(place, key, op, now)))
  return { outcomes, writes, uses }
}

import type { Change, Entry, Outcome } from './adapter.ts'
import { isBlind, step } from './decide.ts'

/** The keys whose stored entries must be at hand before a batch can be decided: each once, in order of need. */
export function keysToRead(changes: readonly Change[], now: number): string[] {
  const overwritten = new Set<string>()
  const needed = new Set<string>()
  for (const { key, op } of changes) {
    // What follows a blind change in the batch sees what that one left.
    if (isBlind(op, now)) overwritten.add(key)
    else if (!overwritten.has(key)) needed.add(key)
  }
  return [...needed]
}

export interface BatchDecision {
  /** One for each change, in order. */
  readonly outcomes: readonly Outcome[]
  /** What to store under each key that changed, `undefined` = remove: each key once, whatever happened to it. */
  readonly writes: ReadonlyMap<string, Entry | undefined>
}

/**
 * Decides a batch, in order, against the entries that {@link keysToRead} asked for. For the adapters that read
 * everything first, decide, and write what is left of it: IndexedDB and the Durable Object.
 */
export function decideBatch(
  stored: ReadonlyMap<string, Entry>,
  changes: readonly Change[],
  now: number,
): BatchDecision {
  const writes = new Map<string, Entry | undefined>()
  const place = {
    get: (key: string) => (writes.has(key) ? writes.get(key) : stored.get(key)),
    set: (key: string, entry: Entry) => writes.set(key, entry),
    delete: (key: string) => writes.set(key, undefined),
  }
  return { outcomes: changes.map(({ key, op }) => step(place, key, op, now)), writes }
}

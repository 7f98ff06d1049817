import type { Operation } from './operations.ts'

/** The limits of a store; `null` means no limit. */
export interface Limits {
  readonly maxEntries: number | null
  readonly maxBytes: number | null
  readonly cullFrequency: number
}

/** Throws for invalid limits. The message names the limit. */
export function checkLimits(limits: Limits): Limits {
  for (const name of ['maxEntries', 'maxBytes', 'cullFrequency'] as const) {
    const limit = limits[name]
    const mayBeNone = name !== 'cullFrequency'
    const least = mayBeNone ? 1 : 0
    if ((limit === null && mayBeNone) || (Number.isInteger(limit) && (limit as number) >= least)) continue
    const orNull = mayBeNone ? ', or null for no limit' : ''
    throw new RangeError(`${name} must be an integer of ${least} or more${orNull}: got ${String(limit)}`)
  }
  return limits
}

/** True if a write to a full store must first evict entries. `isThere`: the key already has an entry. */
export function wantsRoom(operation: Operation, isThere: boolean): boolean {
  return !isThere || operation.replaces
}

/**
 * How many of `size` entries a full store evicts: one in `cullFrequency`, rounded down as in Django, but at
 * least one. 0 means all of them. Django's rounding can evict none, and then its store grows past its limit.
 */
export function share(size: number, cullFrequency: number): number {
  if (cullFrequency === 0 || size === 0) return size
  return Math.max(1, Math.floor(size / cullFrequency))
}

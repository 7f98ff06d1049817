import type { Operation } from './operations.ts'

/** How much a place may hold; `null` = no such limit. */
export interface Limits {
  readonly maxEntries: number | null
  readonly maxBytes: number | null
  readonly cullFrequency: number
}

/** Refuses limits that make no sense, by name. */
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

/** True if a write evicts others first where the store is full. `isThere` tells whether the key has an entry already. */
export function wantsRoom(operation: Operation, isThere: boolean): boolean {
  return !isThere || operation.replaces
}

/**
 * How many entries leave a full store of `size`: one in `cullFrequency`, rounded down as Django does, all of them where that
 * is 0. At least one: where Django's rounding drops none, its store grows past its limit.
 */
export function share(size: number, cullFrequency: number): number {
  if (cullFrequency === 0 || size === 0) return size
  return Math.max(1, Math.floor(size / cullFrequency))
}

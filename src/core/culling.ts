import type { Op } from './adapter.ts'

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
    const none = limit === null && name !== 'cullFrequency'
    if (!none && !Number.isInteger(limit)) {
      throw new RangeError(`${name} must be an integer: got ${String(limit)}`)
    }
  }
  if (limits.maxBytes !== null && limits.maxBytes < 1) {
    throw new RangeError(`maxBytes must be 1 or more, or null for no limit: got ${limits.maxBytes}`)
  }
  if (limits.cullFrequency < 0) {
    throw new RangeError(`cullFrequency must be 0 or more: got ${limits.cullFrequency}`)
  }
  return limits
}

/**
 * Whether a write first wants room where the store is full. As in Django's locmem, what only changes an entry that is
 * there wants none.
 */
export function wantsRoom(why: Op['kind'], isThere: boolean): boolean {
  return !isThere || (why !== 'touch' && why !== 'incr')
}

/** How many entries leave a full store of `size`: one in `cullFrequency`, all of them where that is 0. */
export function share(size: number, cullFrequency: number): number {
  return cullFrequency === 0 ? size : Math.floor(size / cullFrequency)
}

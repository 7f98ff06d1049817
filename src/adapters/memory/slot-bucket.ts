import type { Bucket, Entry, Op, Outcome } from '../../core/adapter.ts'
import { wantsRoom } from '../../core/culling.ts'
import { isSafe, MAX_KEY_LENGTH } from '../../core/keys.ts'
import { isAhead } from '../../core/liveness.ts'
import { addTo, type Operation } from '../../core/operations.ts'
import { type Place, step } from '../../core/step.ts'
import type { Weights } from './byte-limit.ts'

/** The slots that buckets share: columns of values and times, and who is evicted when there are too many. */
export interface Slots {
  readonly values: unknown[]
  /** Of each slot its deadline, in epoch milliseconds (Infinity = never), and the tick of its last use. */
  readonly times: Float64Array
  tick: number
  readonly isFull: boolean
  readonly weights: Weights | undefined
  /** Hears of each entry that is evicted. */
  readonly onEvict: ((prefix: string, userKey: string) => void) | undefined
  /** The bucket under a prefix that has entries. */
  inUse(prefix: string): SlotBucket | undefined
  /** Called by a bucket when its first entry comes in, and when its last is gone. */
  list(bucket: SlotBucket): void
  unlist(bucket: SlotBucket): void
  /** A slot for a new entry. */
  take(): number
  giveBack(slot: number): void
  /** Evicts if the store is full. */
  makeRoom(): void
  /** The bytes of an entry, 0 where bytes are not limited, or `undefined` if they are more than the limit. */
  weigh(userKey: string, entry: Entry): number | undefined
  /** Notes the bytes of the entry written last, and evicts others until all are within the limit. */
  account(slot: number, bytes: number): void
  entryIn(slot: number, userKey: string): Entry
}

/**
 * The entries under one prefix, `prefix:version:`, by the userKey of their keys. Of all buckets with one prefix, one at most has
 * entries, and is the one that the table knows; one that is empty asks for it. So nothing need be kept for caches that come and go.
 */
export class SlotBucket implements Bucket, Place {
  readonly prefix: string
  readonly slots: Map<string, number> = new Map()
  readonly #table: Slots
  /** What was looked for last: a write looks its key up twice, and the map is not asked twice. */
  #sought: string | undefined
  #found: number | undefined

  /** Whether every key here is safe: looked at as a key comes in, so that it need not be each time it is used. */
  #onlySafe = true
  readonly #safeLength: number

  constructor(table: Slots, prefix: string) {
    this.#table = table
    this.prefix = prefix
    this.#safeLength = isSafe(prefix, MAX_KEY_LENGTH) ? MAX_KEY_LENGTH - prefix.length : -1
  }

  #slotOf(userKey: string): number | undefined {
    if (userKey === this.#sought) return this.#found
    this.#sought = userKey
    this.#found = this.slots.get(userKey)
    return this.#found
  }

  #safeSlotOf(userKey: string): number | undefined {
    return this.#onlySafe ? this.#slotOf(userKey) : undefined
  }

  /** The bucket to ask instead, where there is nothing here. */
  #inUse(): SlotBucket | undefined {
    return this.slots.size === 0 ? this.#table.inUse(this.prefix) : undefined
  }

  commit(userKey: string, op: Op, now: number): Outcome {
    this.#table.weights?.measure(userKey, op)
    return step(this, userKey, op, now)
  }

  hasSafe(userKey: string): boolean {
    return this.#safeSlotOf(userKey) !== undefined
  }

  read(userKey: string, clock: () => number): unknown {
    let slot = this.#slotOf(userKey)
    if (slot === undefined) return this.#inUse()?.read(userKey, clock)
    const table = this.#table
    const deadline = table.times[2 * slot] as number
    if (deadline !== Number.POSITIVE_INFINITY) {
      if (!isAhead(deadline, clock())) return undefined
      // A clock is someone else's code.
      slot = this.#slotOf(userKey)
      if (slot === undefined) return undefined
    }
    table.times[2 * slot + 1] = ++table.tick
    return table.values[slot]
  }

  /** Looks without using. */
  get(userKey: string): Entry | undefined {
    const slot = this.#slotOf(userKey)
    return slot === undefined ? this.#inUse()?.get(userKey) : this.#table.entryIn(slot, userKey)
  }

  tryIncr(userKey: string, delta: number, clock: () => number): number | undefined {
    let slot = this.#safeSlotOf(userKey)
    if (slot === undefined) return undefined
    const table = this.#table
    const deadline = table.times[2 * slot] as number
    if (deadline !== Number.POSITIVE_INFINITY) {
      if (!isAhead(deadline, clock())) return undefined
      slot = this.#safeSlotOf(userKey)
      if (slot === undefined) return undefined
    }
    const sum = addTo(table.values[slot], delta)
    if (typeof sum !== 'number') return undefined
    table.values[slot] = sum
    table.times[2 * slot + 1] = ++table.tick
    return sum
  }

  trySet(userKey: string, value: unknown, expiresAt: number | null): boolean {
    const slot = this.#safeSlotOf(userKey)
    const table = this.#table
    if (slot === undefined || table.isFull || table.weights !== undefined) return false
    table.values[slot] = value
    table.times[2 * slot] = expiresAt ?? Number.POSITIVE_INFINITY
    table.times[2 * slot + 1] = ++table.tick
    return true
  }

  set(userKey: string, entry: Entry, operation: Operation): boolean {
    const table = this.#table
    const bytes = !operation.isUse ? 0 : table.weigh(userKey, entry)
    if (bytes === undefined) return false
    const known = this.#slotOf(userKey)
    const inUse = known === undefined ? this.#inUse() : undefined
    if (inUse !== undefined) return inUse.set(userKey, entry, operation)
    if (wantsRoom(operation, known !== undefined)) table.makeRoom()
    const slot = this.#slotOf(userKey) ?? this.#take(userKey)
    table.values[slot] = entry.value
    table.times[2 * slot] = entry.expiresAt ?? Number.POSITIVE_INFINITY
    if (!operation.isUse) return true
    table.times[2 * slot + 1] = ++table.tick
    table.account(slot, bytes)
    return true
  }

  #take(userKey: string): number {
    const slot = this.#table.take()
    if (this.slots.size === 0) {
      this.#table.list(this)
      this.#onlySafe = true
    }
    if (!isSafe(userKey, this.#safeLength)) this.#onlySafe = false
    this.slots.set(userKey, slot)
    this.#found = slot
    return slot
  }

  delete(userKey: string): void {
    const slot = this.#slotOf(userKey)
    if (slot === undefined) {
      this.#inUse()?.delete(userKey)
      return
    }
    this.slots.delete(userKey)
    this.#found = undefined
    this.#table.giveBack(slot)
    if (this.slots.size === 0) this.#table.unlist(this)
  }

  evict(userKey: string): void {
    this.delete(userKey)
    this.#table.onEvict?.(this.prefix, userKey)
  }

  dropBeginningWith(start: string): void {
    for (const userKey of this.slots.keys()) if (userKey.startsWith(start)) this.delete(userKey)
  }
}

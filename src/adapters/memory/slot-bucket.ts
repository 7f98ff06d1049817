import type { Bucket, Entry, Op, Outcome } from '../../core/adapter.ts'
import { wantsRoom } from '../../core/culling.ts'
import { isSafe, MAX_KEY_LENGTH } from '../../core/keys.ts'
import { addTo, isAhead, type Operation, type Place, step } from '../../core/operations.ts'
import type { ByteCounter } from './byte-limit.ts'
import type { SideRecords } from './side-records.ts'

/** The slots that all buckets share: columns of values and times, and the eviction policy. */
export interface Slots {
  readonly values: unknown[]
  /** For each slot, its deadline in epoch milliseconds (Infinity = never) and the tick of its last use. */
  readonly times: Float64Array
  tick: number
  readonly isFull: boolean
  readonly byteCounter: ByteCounter | undefined
  /** `undefined` until an entry with metadata or a claim is stored. */
  readonly sideRecords: SideRecords<SlotBucket> | undefined
  /** Called for each evicted entry. */
  readonly onEvict: ((prefix: string, userKey: string) => void) | undefined
  /** Returns the bucket of a prefix that has entries. */
  inUse(prefix: string): SlotBucket | undefined
  /** Called by a bucket when it gets its first entry, and when it loses its last. */
  register(bucket: SlotBucket): void
  unregister(bucket: SlotBucket): void
  /** Returns a slot for a new entry. */
  allocateSlot(): number
  freeSlot(slot: number): void
  evictIfFull(): void
  /** Returns the bytes of an entry, 0 if bytes are not limited, or `undefined` if they exceed the limit. */
  sizeOf(userKey: string, entry: Entry): number | undefined
  /** Records the bytes of the last written entry, and evicts others until all are within the limit. */
  recordBytes(slot: number, bytes: number): void
  entryIn(slot: number, userKey: string): Entry
  /** Writes the entry into its slot. Does not count as a use, and does not change its bytes. */
  write(slot: number, bucket: SlotBucket, userKey: string, entry: Entry): void
}

/**
 * The entries of one prefix, `prefix:version:`, by user key. At most one bucket of a prefix has entries, and
 * the table knows that one. An empty bucket asks the table for it. So the table need not keep buckets for
 * caches that come and go.
 */
export class SlotBucket implements Bucket, Place {
  readonly prefix: string
  readonly slots: Map<string, number> = new Map()
  readonly #table: Slots
  /** The last lookup. A write looks its key up twice; the cached result avoids a second map lookup. */
  #lastKey: string | undefined
  #lastSlot: number | undefined

  /**
   * True if every key in the bucket is safe. Keys are checked when they are added, so that they need not be
   * on each use.
   */
  #onlySafe = true
  readonly #safeLength: number

  constructor(table: Slots, prefix: string) {
    this.#table = table
    this.prefix = prefix
    this.#safeLength = isSafe(prefix, MAX_KEY_LENGTH) ? MAX_KEY_LENGTH - prefix.length : -1
  }

  #slotOf(userKey: string): number | undefined {
    if (userKey === this.#lastKey) return this.#lastSlot
    this.#lastKey = userKey
    this.#lastSlot = this.slots.get(userKey)
    return this.#lastSlot
  }

  #safeSlotOf(userKey: string): number | undefined {
    return this.#onlySafe ? this.#slotOf(userKey) : undefined
  }

  /** The bucket to use instead if this one is empty. */
  #bucketInUse(): SlotBucket | undefined {
    return this.slots.size === 0 ? this.#table.inUse(this.prefix) : undefined
  }

  commit(userKey: string, op: Op, now: number): Outcome {
    this.#table.byteCounter?.measure(userKey, op)
    return step(this, userKey, op, now)
  }

  hasSafe(userKey: string): boolean {
    return this.#safeSlotOf(userKey) !== undefined
  }

  read(userKey: string, clock: () => number): unknown {
    let slot = this.#slotOf(userKey)
    if (slot === undefined) return this.#bucketInUse()?.read(userKey, clock)
    const table = this.#table
    const deadline = table.times[2 * slot] as number
    if (deadline !== Number.POSITIVE_INFINITY) {
      if (!isAhead(deadline, clock())) return undefined
      // The clock is user code and may have changed the bucket.
      slot = this.#slotOf(userKey)
      if (slot === undefined) return undefined
    }
    table.times[2 * slot + 1] = ++table.tick
    return table.values[slot]
  }

  /** Does not count as a use. */
  get(userKey: string): Entry | undefined {
    const slot = this.#slotOf(userKey)
    return slot === undefined ? this.#bucketInUse()?.get(userKey) : this.#table.entryIn(slot, userKey)
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
    if (table.sideRecords?.isClaimed(slot) === true) return undefined
    const sum = addTo(table.values[slot], delta)
    if (typeof sum !== 'number') return undefined
    table.values[slot] = sum
    table.times[2 * slot + 1] = ++table.tick
    return sum
  }

  trySet(userKey: string, value: unknown, expiresAt: number | null): boolean {
    const slot = this.#safeSlotOf(userKey)
    const table = this.#table
    if (slot === undefined || table.isFull || table.byteCounter !== undefined) return false
    table.values[slot] = value
    table.times[2 * slot] = expiresAt ?? Number.POSITIVE_INFINITY
    table.times[2 * slot + 1] = ++table.tick
    table.sideRecords?.delete(slot)
    return true
  }

  set(userKey: string, entry: Entry, operation: Operation): boolean {
    const table = this.#table
    const known = this.#slotOf(userKey)
    const inUse = known === undefined ? this.#bucketInUse() : undefined
    if (inUse !== undefined) return inUse.set(userKey, entry, operation)
    // Only a use changes the value of an entry. A new entry counts as used, so that it has a place in the order.
    const isUse = operation.isUse || known === undefined
    const bytes = isUse ? table.sizeOf(userKey, entry) : 0
    if (bytes === undefined) return false
    if (wantsRoom(operation, known !== undefined)) table.evictIfFull()
    const slot = this.#slotOf(userKey) ?? this.#allocateSlot(userKey)
    table.write(slot, this, userKey, entry)
    if (!isUse) return true
    table.times[2 * slot + 1] = ++table.tick
    table.recordBytes(slot, bytes)
    return true
  }

  #allocateSlot(userKey: string): number {
    const slot = this.#table.allocateSlot()
    if (this.slots.size === 0) {
      this.#table.register(this)
      this.#onlySafe = true
    }
    if (!isSafe(userKey, this.#safeLength)) this.#onlySafe = false
    this.slots.set(userKey, slot)
    this.#lastSlot = slot
    return slot
  }

  delete(userKey: string): void {
    const slot = this.#slotOf(userKey)
    if (slot === undefined) {
      this.#bucketInUse()?.delete(userKey)
      return
    }
    this.slots.delete(userKey)
    this.#lastSlot = undefined
    this.#table.freeSlot(slot)
    if (this.slots.size === 0) this.#table.unregister(this)
  }

  evict(userKey: string): void {
    this.delete(userKey)
    this.#table.onEvict?.(this.prefix, userKey)
  }

  dropBeginningWith(start: string): void {
    for (const userKey of this.slots.keys()) if (userKey.startsWith(start)) this.delete(userKey)
  }
}

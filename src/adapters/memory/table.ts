import type { Bucket, Entry, Op, Outcome } from '../../core/adapter.ts'
import { estimateBytes } from '../../core/bytes.ts'
import { type Limits, share, wantsRoom } from '../../core/culling.ts'
import { CacheError, quoteKey } from '../../core/errors.ts'
import { isSafe, MAX_KEY_LENGTH } from '../../core/keys.ts'
import { isAhead } from '../../core/liveness.ts'
import { addTo, type Operation } from '../../core/operations.ts'
import { type Place, step } from '../../core/step.ts'
import { LeastUsed, type Used } from './least-used.ts'

/**
 * What memory keeps. An entry is a slot: its value, deadline and last use stand in columns, and a map from its key finds
 * the slot. That takes some 24 bytes an entry beside the map, no object per entry, and nothing is moved when one is used.
 *
 * Culled by Django's rule: a write that finds `maxEntries` first drops `floor(entries / cullFrequency)` of the
 * least recently used, expired or not, and at least one; `cullFrequency` 0 drops all.
 * https://docs.djangoproject.com/en/5.2/topics/cache/#cache-arguments
 */
export class Table implements Used {
  readonly values: unknown[] = []
  /** Of each slot its deadline, in epoch milliseconds (Infinity = never), and the tick of its last use. */
  times: Float64Array = new Float64Array(2 * FIRST_CAPACITY)
  tick = 0
  size = 0
  /** Hears of each entry that leaves for others. */
  onEvict: ((prefix: string, userKey: string) => void) | undefined
  readonly #free: number[] = []
  /** Those that have entries: what is empty is its user's to keep. */
  readonly #buckets = new Map<string, SlotBucket>()
  readonly #leastUsed = new LeastUsed()
  readonly #maxEntries: number
  readonly #cullFrequency: number
  readonly #maxBytes: number
  #bytes = 0
  /** The bytes of each slot; only where they are limited. */
  readonly #bytesOf: number[] | undefined
  /** What values weigh that are someone else's, and were weighed before anything was changed: doing so may run their code. */
  readonly #weights: WeakMap<Entry, number> | undefined

  constructor({ maxEntries, cullFrequency, maxBytes }: Limits, areShared: boolean) {
    this.#maxEntries = maxEntries ?? Number.POSITIVE_INFINITY
    this.#cullFrequency = cullFrequency
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY
    this.#bytesOf = maxBytes === null ? undefined : []
    this.#weights = areShared && maxBytes !== null ? new WeakMap() : undefined
  }

  /** The entries under a prefix. */
  bucket(prefix: string): SlotBucket {
    return this.#buckets.get(prefix) ?? new SlotBucket(this, prefix)
  }

  /** The one bucket under a prefix that has entries. */
  inUse(prefix: string): SlotBucket | undefined {
    return this.#buckets.get(prefix)
  }

  /** Called by a bucket as its first entry comes in, and as its last is gone. */
  list(bucket: SlotBucket): void {
    this.#buckets.set(bucket.prefix, bucket)
  }

  unlist(bucket: SlotBucket): void {
    this.#buckets.delete(bucket.prefix)
  }

  holders(): Iterable<SlotBucket> {
    return this.#buckets.values()
  }

  usedAt(slot: number): number {
    return this.times[2 * slot + 1] as number
  }

  /** A slot for a new entry. */
  take(): number {
    this.size += 1
    const slot = this.#free.pop() ?? this.values.length
    if (2 * slot >= this.times.length) this.times = grown(this.times)
    if (slot === this.values.length) this.values.push(undefined)
    return slot
  }

  giveBack(slot: number): void {
    this.size -= 1
    if (this.#bytesOf !== undefined) this.#note(this.#bytesOf, slot, 0)
    this.values[slot] = undefined
    this.times[2 * slot + 1] = 0
    this.#free.push(slot)
  }

  /** Makes room where the next write wants it. */
  makeRoom(): void {
    if (this.isFull) this.#leastUsed.drop(share(this.size, this.#cullFrequency), this)
  }

  get isFull(): boolean {
    return this.size >= this.#maxEntries
  }

  get weighs(): boolean {
    return this.#bytesOf !== undefined
  }

  /** To be called before anything of the operation is done: no code of others runs while it is. */
  weighFirst(userKey: string, op: Op): void {
    if (this.#weights === undefined || !('entry' in op)) return
    try {
      this.#weights.set(op.entry, estimateBytes(op.entry.value, this.#maxBytes, true))
    } catch (cause) {
      const message = `Cannot cache the value of ${quoteKey(userKey)}: reading it, to weigh it, failed`
      throw new CacheError('INVALID_VALUE', message, { key: userKey, cause })
    }
  }

  /** What an entry would weigh, or `undefined` if that is more than all may together. */
  weigh(userKey: string, entry: Entry): number | undefined {
    if (this.#bytesOf === undefined) return 0
    const bytes =
      estimateBytes(userKey) + (this.#weights?.get(entry) ?? estimateBytes(entry.value, this.#maxBytes))
    return bytes > this.#maxBytes ? undefined : bytes
  }

  /** Notes what the entry last written weighs, and drops the least recently used of the others until all weigh no more than they may. */
  account(slot: number, bytes: number): void {
    if (this.#bytesOf === undefined) return
    this.#note(this.#bytesOf, slot, bytes)
    while (this.#bytes > this.#maxBytes && this.size > 1) {
      this.#leastUsed.drop(Math.min(share(this.size, this.#cullFrequency), this.size - 1), this)
    }
  }

  #note(bytesOf: number[], slot: number, bytes: number): void {
    this.#bytes += bytes - (bytesOf[slot] ?? 0)
    bytesOf[slot] = bytes
  }

  /** An entry as its place gives it: with what is known of its weight, should it be moved. */
  entryIn(slot: number, userKey: string): Entry {
    const deadline = this.times[2 * slot] as number
    const entry = {
      value: this.values[slot],
      expiresAt: deadline === Number.POSITIVE_INFINITY ? null : deadline,
    }
    this.#weights?.set(entry, (this.#bytesOf?.[slot] ?? 0) - estimateBytes(userKey))
    return entry
  }

  clear(scope: string): void {
    for (const [prefix, bucket] of this.#buckets) {
      if (prefix.startsWith(scope)) bucket.dropBeginningWith('')
      else if (scope.startsWith(prefix)) bucket.dropBeginningWith(scope.slice(prefix.length))
    }
    if (this.size > 0) return
    this.values.length = 0
    this.#free.length = 0
    this.#leastUsed.forget()
    this.times = new Float64Array(2 * FIRST_CAPACITY)
  }
}

const FIRST_CAPACITY = 16

/** By half: what stands ready and unused is what a cache of fixed size pays for growing. */
function grown(column: Float64Array): Float64Array {
  const larger = new Float64Array(2 * Math.ceil(column.length * 0.75))
  larger.set(column)
  return larger
}

/**
 * The entries under one prefix, `prefix:version:`, by the userKey of their keys. Of all buckets with one prefix, one at most has
 * entries, and is the one that the table knows; one that is empty asks for it. So nothing need be kept for caches that come and go.
 */
export class SlotBucket implements Bucket, Place {
  readonly prefix: string
  readonly slots: Map<string, number> = new Map()
  readonly #table: Table
  /** What was looked for last: a write looks its key up twice, and the map is not asked twice. */
  #sought: string | undefined
  #found: number | undefined

  /** Whether every key here is safe: looked at as a key comes in, so that it need not be each time it is used. */
  #onlySafe = true
  readonly #safeLength: number

  constructor(table: Table, prefix: string) {
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
    this.#table.weighFirst(userKey, op)
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
    if (slot === undefined || table.isFull || table.weighs) return false
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

import type { Entry } from '../../core/adapter.ts'
import { type Limits, share } from '../../core/culling.ts'
import type { Weights } from './byte-limit.ts'
import { LeastUsed, type Used } from './least-used.ts'
import { SlotBucket, type Slots } from './slot-bucket.ts'

/**
 * What memory keeps. An entry is a slot: its value, deadline and last use stand in columns, and a map from its key finds the
 * slot. That takes about 24 bytes an entry beside the map, no object per entry, and nothing moves when an entry is used.
 *
 * Eviction follows Django's rule: a write that finds `maxEntries` entries first drops `floor(entries / cullFrequency)` of the
 * least recently used, expired or not, and at least one. A `cullFrequency` of 0 drops all.
 * https://docs.djangoproject.com/en/5.2/topics/cache/#cache-arguments
 */
export class Table implements Used, Slots {
  readonly values: unknown[] = []
  times: Float64Array = new Float64Array(2 * FIRST_CAPACITY)
  tick = 0
  size = 0
  readonly weights: Weights | undefined
  onEvict: ((prefix: string, userKey: string) => void) | undefined
  readonly #free: number[] = []
  /** The buckets that have entries. Whoever uses an empty one keeps it. */
  readonly #buckets = new Map<string, SlotBucket>()
  readonly #leastUsed = new LeastUsed()
  readonly #maxEntries: number
  readonly #cullFrequency: number

  constructor({ maxEntries, cullFrequency }: Limits, weights?: Weights) {
    this.#maxEntries = maxEntries ?? Number.POSITIVE_INFINITY
    this.#cullFrequency = cullFrequency
    this.weights = weights
  }

  bucket(prefix: string): SlotBucket {
    return this.#buckets.get(prefix) ?? new SlotBucket(this, prefix)
  }

  inUse(prefix: string): SlotBucket | undefined {
    return this.#buckets.get(prefix)
  }

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

  take(): number {
    this.size += 1
    const slot = this.#free.pop() ?? this.values.length
    if (2 * slot >= this.times.length) this.times = grown(this.times)
    if (slot === this.values.length) this.values.push(undefined)
    return slot
  }

  giveBack(slot: number): void {
    this.size -= 1
    this.weights?.note(slot, 0)
    this.values[slot] = undefined
    this.times[2 * slot + 1] = 0
    this.#free.push(slot)
  }

  makeRoom(): void {
    if (this.isFull) this.#leastUsed.drop(share(this.size, this.#cullFrequency), this)
  }

  get isFull(): boolean {
    return this.size >= this.#maxEntries
  }

  weigh(userKey: string, entry: Entry): number | undefined {
    return this.weights === undefined ? 0 : this.weights.weigh(userKey, entry)
  }

  account(slot: number, bytes: number): void {
    if (this.weights === undefined) return
    this.weights.note(slot, bytes)
    while (this.weights.isOver && this.size > 1) {
      this.#leastUsed.drop(Math.min(share(this.size, this.#cullFrequency), this.size - 1), this)
    }
  }

  entryIn(slot: number, userKey: string): Entry {
    const deadline = this.times[2 * slot] as number
    const entry = {
      value: this.values[slot],
      expiresAt: deadline === Number.POSITIVE_INFINITY ? null : deadline,
    }
    this.weights?.carry(entry, slot, userKey)
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

/** Larger by half: spare capacity is what a cache of fixed size pays for growing. */
function grown(column: Float64Array): Float64Array {
  const larger = new Float64Array(2 * Math.ceil(column.length * 0.75))
  larger.set(column)
  return larger
}

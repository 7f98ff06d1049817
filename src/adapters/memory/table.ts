import type { Entry, Invalidation } from '../../core/adapter.ts'
import { type Limits, share } from '../../core/culling.ts'
import { invalidateTags, isAhead } from '../../core/operations.ts'
import type { ByteCounter } from './byte-limit.ts'
import { LeastUsed, type UsageOrder } from './least-used.ts'
import { type SideRecord, SideRecords } from './side-records.ts'
import { SlotBucket, type Slots } from './slot-bucket.ts'

/**
 * The storage of the memory adapter. An entry is a slot. Its value, deadline and last use are in columns, and
 * a map finds the slot by key. This takes about 24 bytes an entry in addition to the map. There is no object
 * per entry, and using an entry moves nothing. Metadata and claims, which few entries have, are in side records.
 *
 * Eviction follows Django's rule. A write that finds `maxEntries` entries first evicts `floor(entries /
 * cullFrequency)` of the least recently used, expired or not, and at least one. A `cullFrequency` of 0 evicts
 * all. https://docs.djangoproject.com/en/5.2/topics/cache/#cache-arguments
 */
export class Table implements UsageOrder, Slots {
  readonly values: unknown[] = []
  times: Float64Array = new Float64Array(2 * INITIAL_SLOTS)
  tick = 0
  size = 0
  readonly byteCounter: ByteCounter | undefined
  sideRecords: SideRecords<SlotBucket> | undefined
  onEvict: ((prefix: string, userKey: string) => void) | undefined
  readonly #free: number[] = []
  /** The buckets that have entries. An empty bucket is kept only by the cache that uses it. */
  readonly #buckets = new Map<string, SlotBucket>()
  readonly #leastUsed = new LeastUsed()
  readonly #maxEntries: number
  readonly #cullFrequency: number

  constructor({ maxEntries, cullFrequency }: Limits, byteCounter?: ByteCounter) {
    this.#maxEntries = maxEntries ?? Number.POSITIVE_INFINITY
    this.#cullFrequency = cullFrequency
    this.byteCounter = byteCounter
  }

  bucket(prefix: string): SlotBucket {
    return this.#buckets.get(prefix) ?? new SlotBucket(this, prefix)
  }

  inUse(prefix: string): SlotBucket | undefined {
    return this.#buckets.get(prefix)
  }

  register(bucket: SlotBucket): void {
    this.#buckets.set(bucket.prefix, bucket)
  }

  unregister(bucket: SlotBucket): void {
    this.#buckets.delete(bucket.prefix)
  }

  holders(): Iterable<SlotBucket> {
    return this.#buckets.values()
  }

  usedAt(slot: number): number {
    return this.times[2 * slot + 1] as number
  }

  allocateSlot(): number {
    this.size += 1
    const slot = this.#free.pop() ?? this.values.length
    if (2 * slot >= this.times.length) this.times = enlarged(this.times)
    if (slot === this.values.length) this.values.push(undefined)
    return slot
  }

  freeSlot(slot: number): void {
    this.size -= 1
    this.byteCounter?.record(slot, 0)
    this.sideRecords?.delete(slot)
    this.values[slot] = undefined
    this.times[2 * slot + 1] = 0
    this.#free.push(slot)
  }

  evictIfFull(): void {
    if (this.isFull) this.#leastUsed.drop(share(this.size, this.#cullFrequency), this)
  }

  get isFull(): boolean {
    return this.size >= this.#maxEntries
  }

  sizeOf(userKey: string, entry: Entry): number | undefined {
    return this.byteCounter === undefined ? 0 : this.byteCounter.sizeOf(userKey, entry)
  }

  recordBytes(slot: number, bytes: number): void {
    if (this.byteCounter === undefined) return
    this.byteCounter.record(slot, bytes)
    while (this.byteCounter.isOver && this.size > 1) {
      this.#leastUsed.drop(Math.min(share(this.size, this.#cullFrequency), this.size - 1), this)
    }
  }

  entryIn(slot: number, userKey: string): Entry {
    const deadline = this.times[2 * slot] as number
    const plain = {
      value: this.values[slot],
      expiresAt: deadline === Number.POSITIVE_INFINITY ? null : deadline,
    }
    const record = this.sideRecords?.get(slot)
    const entry = record === undefined ? plain : withRecord(plain, record)
    this.byteCounter?.keepSize(entry, slot, userKey)
    return entry
  }

  write(slot: number, bucket: SlotBucket, userKey: string, entry: Entry): void {
    this.values[slot] = entry.value
    this.times[2 * slot] = entry.expiresAt ?? Number.POSITIVE_INFINITY
    if (this.sideRecords === undefined) {
      if (entry.metadata === undefined && entry.claim === undefined) return
      this.sideRecords = new SideRecords()
    }
    this.sideRecords.set(slot, bucket, userKey, entry)
  }

  deleteTags(tags: readonly string[], now: number, invalidation: Invalidation): void {
    for (const slot of this.sideRecords?.affectedBy(tags) ?? []) {
      const record = this.sideRecords?.get(slot)
      if (record === undefined) continue
      const { bucket, userKey } = record
      const stored = this.entryIn(slot, userKey)
      const next = invalidateTags(stored, tags, invalidation, now)
      if (next === undefined) bucket.delete(userKey)
      else if (next !== stored) this.write(slot, bucket, userKey, next)
    }
  }

  /** The live stored keys that begin with `scope`. */
  listKeys(scope: string, now: number): string[] {
    const keys: string[] = []
    for (const [prefix, { slots }] of this.#buckets) {
      if (!prefix.startsWith(scope) && !scope.startsWith(prefix)) continue
      const rest = scope.slice(prefix.length)
      for (const [userKey, slot] of slots) {
        if (userKey.startsWith(rest) && isAhead(this.times[2 * slot] as number, now))
          keys.push(prefix + userKey)
      }
    }
    return keys
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
    this.sideRecords = undefined
    this.times = new Float64Array(2 * INITIAL_SLOTS)
  }
}

const INITIAL_SLOTS = 16

function withRecord(entry: Entry, { metadata, claim }: SideRecord<SlotBucket>): Entry {
  return {
    ...entry,
    ...(metadata === undefined ? undefined : { metadata }),
    ...(claim === undefined ? undefined : { claim }),
  }
}

/** Grows by half: spare capacity costs memory in a cache of fixed size. */
function enlarged(column: Float64Array): Float64Array {
  const larger = new Float64Array(2 * Math.ceil(column.length * 0.75))
  larger.set(column)
  return larger
}

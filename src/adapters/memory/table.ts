import type { Entry, Op, Outcome, Space } from '../../core/adapter.ts'
import { estimateBytes } from '../../core/bytes.ts'
import { type Limits, share, wantsRoom } from '../../core/culling.ts'
import { CacheError, quoteKey } from '../../core/errors.ts'
import { isSafe, MAX_KEY_LENGTH } from '../../core/keys.ts'
import { isAhead } from '../../core/liveness.ts'
import { addTo, type Operation } from '../../core/operations.ts'
import { step } from '../../core/step.ts'
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
  onEvict: ((head: string, rest: string) => void) | undefined
  readonly #free: number[] = []
  /** Those that have entries: what is empty is its user's to keep. */
  readonly #spaces = new Map<string, SlotSpace>()
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

  /** The entries under a head. */
  space(head: string): SlotSpace {
    return this.#spaces.get(head) ?? new SlotSpace(this, head)
  }

  /** The one space under a head that has entries. */
  inUse(head: string): SlotSpace | undefined {
    return this.#spaces.get(head)
  }

  /** Called by a space as its first entry comes in, and as its last is gone. */
  list(space: SlotSpace): void {
    this.#spaces.set(space.head, space)
  }

  unlist(space: SlotSpace): void {
    this.#spaces.delete(space.head)
  }

  holders(): Iterable<SlotSpace> {
    return this.#spaces.values()
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
  weighFirst(rest: string, op: Op): void {
    if (this.#weights === undefined || !('entry' in op)) return
    try {
      this.#weights.set(op.entry, estimateBytes(op.entry.value, this.#maxBytes, true))
    } catch (cause) {
      const message = `Cannot cache the value of ${quoteKey(rest)}: reading it, to weigh it, failed`
      throw new CacheError('INVALID_VALUE', message, { key: rest, cause })
    }
  }

  /** What an entry would weigh, or `undefined` if that is more than all may together. */
  weigh(rest: string, entry: Entry): number | undefined {
    if (this.#bytesOf === undefined) return 0
    const bytes =
      estimateBytes(rest) + (this.#weights?.get(entry) ?? estimateBytes(entry.value, this.#maxBytes))
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
  entryIn(slot: number, rest: string): Entry {
    const deadline = this.times[2 * slot] as number
    const entry = {
      value: this.values[slot],
      expiresAt: deadline === Number.POSITIVE_INFINITY ? null : deadline,
    }
    this.#weights?.set(entry, (this.#bytesOf?.[slot] ?? 0) - estimateBytes(rest))
    return entry
  }

  clear(scope: string): void {
    for (const [head, space] of this.#spaces) {
      if (head.startsWith(scope)) space.dropBeginningWith('')
      else if (scope.startsWith(head)) space.dropBeginningWith(scope.slice(head.length))
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
 * The entries under one head, `prefix:version:`, by the rest of their keys. Of all spaces with one head, one at most has
 * entries, and is the one that the table knows; one that is empty asks for it. So nothing need be kept for caches that come and go.
 */
export class SlotSpace implements Space {
  readonly head: string
  readonly slots: Map<string, number> = new Map()
  readonly #table: Table
  /** What was looked for last: a write looks its key up twice, and the map is not asked twice. */
  #sought: string | undefined
  #found: number | undefined

  /** Whether every key here is safe: looked at as a key comes in, so that it need not be each time it is used. */
  #onlySafe = true
  readonly #safeLength: number

  constructor(table: Table, head: string) {
    this.#table = table
    this.head = head
    this.#safeLength = isSafe(head, MAX_KEY_LENGTH) ? MAX_KEY_LENGTH - head.length : -1
  }

  #slotOf(rest: string): number | undefined {
    if (rest === this.#sought) return this.#found
    this.#sought = rest
    this.#found = this.slots.get(rest)
    return this.#found
  }

  #safeSlotOf(rest: string): number | undefined {
    return this.#onlySafe ? this.#slotOf(rest) : undefined
  }

  /** The space to ask instead, where there is nothing here. */
  #inUse(): SlotSpace | undefined {
    return this.slots.size === 0 ? this.#table.inUse(this.head) : undefined
  }

  commit(rest: string, op: Op, now: number): Outcome {
    this.#table.weighFirst(rest, op)
    return step(this, rest, op, now)
  }

  hasSafe(rest: string): boolean {
    return this.#safeSlotOf(rest) !== undefined
  }

  read(rest: string, clock: () => number): unknown {
    let slot = this.#slotOf(rest)
    if (slot === undefined) return this.#inUse()?.read(rest, clock)
    const table = this.#table
    const deadline = table.times[2 * slot] as number
    if (deadline !== Number.POSITIVE_INFINITY) {
      if (!isAhead(deadline, clock())) return undefined
      // A clock is someone else's code.
      slot = this.#slotOf(rest)
      if (slot === undefined) return undefined
    }
    table.times[2 * slot + 1] = ++table.tick
    return table.values[slot]
  }

  /** Looks without using. */
  get(rest: string): Entry | undefined {
    const slot = this.#slotOf(rest)
    return slot === undefined ? this.#inUse()?.get(rest) : this.#table.entryIn(slot, rest)
  }

  count(rest: string, delta: number, clock: () => number): number | undefined {
    let slot = this.#safeSlotOf(rest)
    if (slot === undefined) return undefined
    const table = this.#table
    const deadline = table.times[2 * slot] as number
    if (deadline !== Number.POSITIVE_INFINITY) {
      if (!isAhead(deadline, clock())) return undefined
      slot = this.#safeSlotOf(rest)
      if (slot === undefined) return undefined
    }
    const sum = addTo(table.values[slot], delta)
    if (typeof sum !== 'number') return undefined
    table.values[slot] = sum
    table.times[2 * slot + 1] = ++table.tick
    return sum
  }

  overwrite(rest: string, value: unknown, expiresAt: number | null): boolean {
    const slot = this.#safeSlotOf(rest)
    const table = this.#table
    if (slot === undefined || table.isFull || table.weighs) return false
    table.values[slot] = value
    table.times[2 * slot] = expiresAt ?? Number.POSITIVE_INFINITY
    table.times[2 * slot + 1] = ++table.tick
    return true
  }

  set(rest: string, entry: Entry, operation: Operation): boolean {
    const table = this.#table
    const bytes = !operation.isUse ? 0 : table.weigh(rest, entry)
    if (bytes === undefined) return false
    const known = this.#slotOf(rest)
    const inUse = known === undefined ? this.#inUse() : undefined
    if (inUse !== undefined) return inUse.set(rest, entry, operation)
    if (wantsRoom(operation, known !== undefined)) table.makeRoom()
    const slot = this.#slotOf(rest) ?? this.#take(rest)
    table.values[slot] = entry.value
    table.times[2 * slot] = entry.expiresAt ?? Number.POSITIVE_INFINITY
    if (!operation.isUse) return true
    table.times[2 * slot + 1] = ++table.tick
    table.account(slot, bytes)
    return true
  }

  #take(rest: string): number {
    const slot = this.#table.take()
    if (this.slots.size === 0) {
      this.#table.list(this)
      this.#onlySafe = true
    }
    if (!isSafe(rest, this.#safeLength)) this.#onlySafe = false
    this.slots.set(rest, slot)
    this.#found = slot
    return slot
  }

  delete(rest: string): void {
    const slot = this.#slotOf(rest)
    if (slot === undefined) {
      this.#inUse()?.delete(rest)
      return
    }
    this.slots.delete(rest)
    this.#found = undefined
    this.#table.giveBack(slot)
    if (this.slots.size === 0) this.#table.unlist(this)
  }

  evict(rest: string): void {
    this.delete(rest)
    this.#table.onEvict?.(this.head, rest)
  }

  dropBeginningWith(start: string): void {
    for (const rest of this.slots.keys()) if (rest.startsWith(start)) this.delete(rest)
  }
}

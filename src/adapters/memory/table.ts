import type { Entry, Op, Space } from '../../core/adapter.ts'
import { estimateBytes } from '../../core/bytes.ts'
import { type Limits, share, wantsRoom } from '../../core/culling.ts'
import { countOn, isAhead } from '../../core/decide.ts'
import { isSafe, MAX_KEY_LENGTH } from '../../core/keys.ts'

/**
 * What memory keeps. An entry is a slot: its value, deadline and last use stand in columns, and a map from its key finds
 * the slot. That takes some 24 bytes an entry beside the map, no object per entry, and nothing is moved when one is used.
 *
 * Culled by Django's rule: a write that finds `maxEntries` or more first drops `floor(entries / cullFrequency)` of the
 * least recently used, expired or not; `cullFrequency` 0 drops all.
 * https://docs.djangoproject.com/en/5.2/topics/cache/#cache-arguments
 */
export class Table {
  readonly values: unknown[] = []
  /** Of each slot its deadline, in epoch milliseconds (Infinity = never), and the tick of its last use. */
  times: Float64Array = new Float64Array(2 * FIRST_CAPACITY)
  tick = 0
  size = 0
  readonly #free: number[] = []
  readonly #spaces = new Map<string, SlotSpace>()
  readonly #maxEntries: number
  readonly #cullFrequency: number
  readonly #maxBytes: number
  #bytes = 0
  /** The bytes of each slot; only where they are limited. */
  readonly #bytesOf: number[] | undefined

  constructor({ maxEntries, cullFrequency, maxBytes }: Limits) {
    this.#maxEntries = maxEntries ?? Number.POSITIVE_INFINITY
    this.#cullFrequency = cullFrequency
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY
    this.#bytesOf = maxBytes === null ? undefined : []
  }

  /** Spaces of versions that come and go are made as they are needed; a cache's own is kept. */
  space(head: string, kept: boolean): SlotSpace {
    let space = this.#spaces.get(head)
    if (space === undefined) {
      space = new SlotSpace(this, head)
      if (kept) this.#spaces.set(head, space)
    }
    if (kept) space.kept = true
    return space
  }

  /** Called by a space as its first entry comes in, and as its last is gone. */
  list(space: SlotSpace): void {
    this.#spaces.set(space.head, space)
  }

  unlist(space: SlotSpace): void {
    if (!space.kept) this.#spaces.delete(space.head)
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
    if (this.#bytesOf !== undefined) this.#weigh(this.#bytesOf, slot, 0)
    this.values[slot] = undefined
    this.#free.push(slot)
  }

  /** Makes room where the next write wants it. */
  makeRoom(): void {
    if (this.isFull) this.#cull(share(this.size, this.#cullFrequency))
  }

  get isFull(): boolean {
    return this.size >= this.#maxEntries
  }

  /**
   * Takes note of what the entry last written weighs, and drops the least recently used of the others until all weigh no more
   * than they may. `false` for one that weighs more than all may: nothing is dropped for it.
   */
  weigh(slot: number, rest: string): boolean {
    if (this.#bytesOf === undefined) return true
    const bytes = estimateBytes(rest) + estimateBytes(this.values[slot])
    if (bytes > this.#maxBytes) return false
    this.#weigh(this.#bytesOf, slot, bytes)
    while (this.#bytes > this.#maxBytes) {
      const portion = share(this.size, this.#cullFrequency)
      this.#cull(Math.min(Math.max(portion, 1), this.size - 1))
    }
    return true
  }

  #weigh(bytesOf: number[], slot: number, bytes: number): void {
    this.#bytes += bytes - (bytesOf[slot] ?? 0)
    bytesOf[slot] = bytes
  }

  #cull(excess: number): void {
    if (excess === 0) return
    const uses = new Float64Array(this.size)
    let index = 0
    for (const space of this.#spaces.values()) {
      for (const slot of space.slots.values()) uses[index++] = this.times[2 * slot + 1] as number
    }
    const last = uses.sort()[excess - 1] as number
    for (const space of this.#spaces.values()) space.dropUsedUntil(last)
  }

  clear(scope: string): void {
    for (const [head, space] of this.#spaces) {
      if (head.startsWith(scope)) space.dropBeginningWith('')
      else if (scope.startsWith(head)) space.dropBeginningWith(scope.slice(head.length))
    }
    if (this.size > 0) return
    this.values.length = 0
    this.#free.length = 0
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

/** The entries under one head, `prefix:version:`, by the rest of their keys. */
export class SlotSpace implements Space {
  readonly head: string
  readonly slots: Map<string, number> = new Map()
  kept = false
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

  hasSafe(rest: string): boolean {
    return this.#safeSlotOf(rest) !== undefined
  }

  read(rest: string, clock: () => number): unknown {
    const slot = this.#slotOf(rest)
    if (slot === undefined) return undefined
    const table = this.#table
    const deadline = table.times[2 * slot] as number
    if (deadline !== Number.POSITIVE_INFINITY && !isAhead(deadline, clock())) return undefined
    table.times[2 * slot + 1] = ++table.tick
    return table.values[slot]
  }

  /** Looks without using. */
  get(rest: string): Entry | undefined {
    const slot = this.#slotOf(rest)
    if (slot === undefined) return undefined
    const deadline = this.#table.times[2 * slot] as number
    return {
      value: this.#table.values[slot],
      expiresAt: deadline === Number.POSITIVE_INFINITY ? null : deadline,
    }
  }

  count(rest: string, delta: number, clock: () => number): number | undefined {
    const slot = this.#safeSlotOf(rest)
    if (slot === undefined) return undefined
    const table = this.#table
    const deadline = table.times[2 * slot] as number
    if (deadline !== Number.POSITIVE_INFINITY && !isAhead(deadline, clock())) return undefined
    const sum = countOn(table.values[slot], delta)
    if (typeof sum !== 'number') return undefined
    table.values[slot] = sum
    table.times[2 * slot + 1] = ++table.tick
    return sum
  }

  overwrite(rest: string, value: unknown, expiresAt: number | null): boolean {
    const slot = this.#safeSlotOf(rest)
    const table = this.#table
    if (slot === undefined || table.isFull) return false
    table.values[slot] = value
    table.times[2 * slot] = expiresAt ?? Number.POSITIVE_INFINITY
    table.times[2 * slot + 1] = ++table.tick
    if (!table.weigh(slot, rest)) this.delete(rest)
    return true
  }

  set(rest: string, entry: Entry, why: Op['kind']): void {
    const table = this.#table
    if (wantsRoom(why, this.#slotOf(rest) !== undefined)) table.makeRoom()
    let slot = this.#slotOf(rest)
    if (slot === undefined) {
      slot = table.take()
      if (this.slots.size === 0) {
        table.list(this)
        this.#onlySafe = true
      }
      if (!isSafe(rest, this.#safeLength)) this.#onlySafe = false
      this.slots.set(rest, slot)
      this.#found = slot
    }
    table.values[slot] = entry.value
    table.times[2 * slot] = entry.expiresAt ?? Number.POSITIVE_INFINITY
    if (why === 'touch') return
    table.times[2 * slot + 1] = ++table.tick
    if (!table.weigh(slot, rest)) this.delete(rest)
  }

  delete(rest: string): void {
    const slot = this.#slotOf(rest)
    if (slot === undefined) return
    this.slots.delete(rest)
    this.#found = undefined
    this.#table.giveBack(slot)
    if (this.slots.size === 0) this.#table.unlist(this)
  }

  dropUsedUntil(tick: number): void {
    const { times } = this.#table
    for (const [rest, slot] of this.slots) if ((times[2 * slot + 1] as number) <= tick) this.delete(rest)
  }

  dropBeginningWith(start: string): void {
    for (const rest of this.slots.keys()) if (rest.startsWith(start)) this.delete(rest)
  }
}

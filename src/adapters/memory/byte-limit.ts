import type { Entry, Op } from '../../core/adapter.ts'
import { estimateBytes } from '../../core/bytes.ts'
import { CacheError, quoteKey } from '../../core/errors.ts'

/** A byte limit for `memoryAdapter`. Created by {@link byteLimit}. */
export interface ByteLimit {
  /**
   * Starts counting for one adapter. `areShared`: values are not copied, so reading them may run their
   * owners' code.
   */
  start(areShared: boolean): ByteCounter
}

/**
 * Limits the estimated bytes of all keys and values in memory (docs/performance.md explains the estimate). A
 * write that exceeds the limit evicts the least recently used entries. An entry larger than the limit is
 * refused with `VALUE_TOO_LARGE`. The estimate costs time on each write.
 *
 * @throws {RangeError} If `maxBytes` is not an integer of 1 or more.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { byteLimit, memoryAdapter } from 'nearcache/memory'
 *
 * const cache = createCache({ adapter: memoryAdapter({ byteLimit: byteLimit(5_000_000) }) })
 * cache.set('answer', 42)
 * ```
 */
export function byteLimit(maxBytes: number): ByteLimit {
  if (!Number.isInteger(maxBytes) || maxBytes < 1) {
    throw new RangeError(`byteLimit takes an integer of 1 or more for maxBytes: got ${String(maxBytes)}`)
  }
  return { start: (areShared) => new ByteCounter(maxBytes, areShared) }
}

/** The estimated bytes of the entries of one adapter. */
export class ByteCounter {
  readonly #maxBytes: number
  #bytes = 0
  readonly #bytesOf: number[] = []
  /**
   * The sizes of shared values. They are measured before anything changes, because reading the values may run
   * their owners' code.
   */
  readonly #measured: WeakMap<Entry, number> | undefined

  constructor(maxBytes: number, areShared: boolean) {
    this.#maxBytes = maxBytes
    this.#measured = areShared ? new WeakMap() : undefined
  }

  get isOver(): boolean {
    return this.#bytes > this.#maxBytes
  }

  /** Must be called before the operation changes anything. */
  measure(userKey: string, op: Op): void {
    if (this.#measured === undefined || !('entry' in op)) return
    try {
      this.#measured.set(op.entry, estimateBytes(op.entry.value, this.#maxBytes, true))
    } catch (cause) {
      const message = `Cannot store the value of ${quoteKey(userKey)}: reading it to estimate its bytes failed`
      throw new CacheError('INVALID_VALUE', message, { key: userKey, cause })
    }
  }

  /** Returns the bytes of an entry, or `undefined` if they exceed the limit. */
  sizeOf(userKey: string, entry: Entry): number | undefined {
    const areShared = this.#measured !== undefined
    const valueBytes = this.#measured?.get(entry) ?? estimateBytes(entry.value, this.#maxBytes, areShared)
    const bytes = valueBytes + bytesBeside(userKey, entry)
    return bytes > this.#maxBytes ? undefined : bytes
  }

  /** Records the bytes of a slot; 0 for a freed one. */
  record(slot: number, bytes: number): void {
    this.#bytes += bytes - (this.#bytesOf[slot] ?? 0)
    this.#bytesOf[slot] = bytes
  }

  /** Remembers the size of an entry that was read, in case it is moved. */
  keepSize(entry: Entry, slot: number, userKey: string): void {
    this.#measured?.set(entry, (this.#bytesOf[slot] ?? 0) - bytesBeside(userKey, entry))
  }
}

/** The bytes of what is stored in addition to the value. A claim is not counted: it is soon gone. */
function bytesBeside(userKey: string, { metadata }: Entry): number {
  const bytes = estimateBytes(userKey)
  return metadata === undefined ? bytes : bytes + SIDE_RECORD_BYTES + estimateBytes(metadata)
}

/** The bytes of a side record and its place in the index of tags. */
const SIDE_RECORD_BYTES = 150

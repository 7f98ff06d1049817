import { operationOf } from '../../core/operations.ts'
import { MAX_CALL_BYTES, MAX_ROW_BYTES } from './limits.ts'
import type { Encoded, Stored, StoredChange } from './protocol.ts'

/** The bytes of a stored value, as the limits on values count them. */
export function sizeOf(stored: Stored): number {
  if (typeof stored === 'number') return 8
  return typeof stored.data === 'string' ? new TextEncoder().encode(stored.data).length : stored.data.length
}

/** True if a stored value has more than `bytes` bytes. Most values need not be encoded as UTF-8 to know. */
export function isOver(stored: Stored, bytes: number): boolean {
  if (typeof stored === 'number' || stored.data.length * 3 <= bytes) return false
  return stored.data.length > bytes || sizeOf(stored) > bytes
}

/** The bytes of a value in KV, where bytes are stored as base64. */
export function sizeInKV(value: Encoded): number {
  return typeof value.data === 'string' ? sizeOf(value) : Math.ceil(value.data.length / 3) * 4
}

/** The most bytes that a stored value takes in a call, where text has one or two bytes a character. */
export function sizeInCall(stored: Stored): number {
  if (typeof stored === 'number') return 8
  return typeof stored.data === 'string' ? stored.data.length * 2 : stored.data.length
}

/** How many of the items fit into one call: at least one. */
export function countFitting<Item>(items: readonly Item[], size: (item: Item) => number): number {
  let bytes = 0
  const end = items.findIndex((item, index) => {
    bytes += size(item)
    return index > 0 && bytes > MAX_CALL_BYTES
  })
  return end === -1 ? items.length : end
}

export function keySize(key: string): number {
  return key.length * 2 + OVERHEAD_BYTES
}

export function changeSize({ key, op }: StoredChange): number {
  return keySize(key) + ('entry' in op ? sizeInCall(op.entry.value) : 0)
}

/** True if the changes, or the entries that they return, may not fit into one call. */
export function mayTakeCalls(changes: readonly StoredChange[]): boolean {
  const size = (change: StoredChange) =>
    changeSize(change) + (operationOf(change.op).returnsEntry ? MAX_ROW_BYTES * 2 : 0)
  return changes.length > 1 && countFitting(changes, size) < changes.length
}

/** About what surrounds a key and a value in a call. */
const OVERHEAD_BYTES = 100

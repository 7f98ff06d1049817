import { sizeInCall } from './codec.ts'
import { MAX_CALL_BYTES, MAX_ROW_BYTES } from './limits.ts'
import type { StoredChange } from './protocol.ts'

/** How many of the items one call can carry: at least one. */
export function fitting<Item>(items: readonly Item[], size: (item: Item) => number): number {
  let bytes = 0
  const end = items.findIndex((item, index) => {
    bytes += size(item)
    return index > 0 && bytes > MAX_CALL_BYTES
  })
  return end === -1 ? items.length : end
}

/** Bytes of what stands around a key and a value, about. */
const AROUND = 100

export function keySize(key: string): number {
  return key.length * 2 + AROUND
}

export function changeSize({ key, op }: StoredChange): number {
  return keySize(key) + (op.kind === 'set' || op.kind === 'add' ? sizeInCall(op.entry.value) : 0)
}

/** Whether one call to an owner may be too small for them all, or its answer for all that they take out. */
export function mayTakeCalls(changes: readonly StoredChange[]): boolean {
  const size = (change: StoredChange) =>
    changeSize(change) + (change.op.kind === 'pop' ? MAX_ROW_BYTES * 2 : 0)
  return changes.length > 1 && fitting(changes, size) < changes.length
}

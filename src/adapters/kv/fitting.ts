import { sizeInCall } from './codec.ts'
import { MAX_CALL_BYTES } from './limits.ts'
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

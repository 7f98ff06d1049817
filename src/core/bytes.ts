/**
 * About how many bytes a value takes in memory. An estimate, from what JavaScript engines are known to spend on each kind
 * of value: no engine tells. What is shared inside a value counts once.
 */
export function estimateBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return primitiveBytes(value)
  const seen = new Set<object>([value])
  const left: object[] = [value]
  let bytes = 0
  const add = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) {
      bytes += primitiveBytes(part)
    } else if (!seen.has(part)) {
      seen.add(part)
      left.push(part)
    }
  }
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    bytes += OBJECT
    if (ArrayBuffer.isView(next) || next instanceof ArrayBuffer) {
      bytes += next.byteLength
    } else if (next instanceof Map || next instanceof Set) {
      for (const [key, part] of next.entries()) {
        bytes += SLOT
        add(key)
        if (next instanceof Map) add(part)
      }
    } else {
      // Names are shared by objects of one shape; only what they stand for is each object's own.
      for (const part of Object.values(next)) {
        bytes += SLOT
        add(part)
      }
    }
  }
  return bytes
}

const OBJECT = 32
const SLOT = 8

function primitiveBytes(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length * 2
  return typeof value === 'bigint' ? 24 + value.toString(16).length / 2 : SLOT
}

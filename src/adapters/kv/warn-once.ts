import { statusOf } from './kv-errors.ts'

const told = new Set<string>()
const MAX_KINDS = 100

/** Warns once per kind of fault and isolate: while KV is down, every read fails. */
export function warnOnce(fault: unknown): void {
  const kind = kindOf(fault)
  if (told.has(kind)) return
  if (told.size >= MAX_KINDS) told.clear()
  told.add(kind)
  console.warn(
    'nearcache: KV could not be read, and the owner answered instead (warned once per kind of fault):',
    fault,
  )
}

function kindOf(fault: unknown): string {
  const status = statusOf(fault)
  if (status !== undefined) return String(status)
  // Without the parts that differ each time: keys, references, numbers.
  return String(fault)
    .replaceAll(/reference = \w+|"[^"]*"|\d+/g, '')
    .slice(0, 200)
}

import { statusOf } from './kv-errors.ts'

/** Kinds of fault that this isolate has been warned of. */
const told = new Set<string>()
const MAX_KINDS = 100

/** Once per kind and isolate: while KV is down, every read would warn. */
export function warnOnce(fault: unknown): void {
  const kind = kindOf(fault)
  if (told.has(kind)) return
  // Rather twice than never.
  if (told.size >= MAX_KINDS) told.clear()
  told.add(kind)
  console.warn('nearcache: KV could not be read, the owner answers instead (told once per kind):', fault)
}

function kindOf(fault: unknown): string {
  const status = statusOf(fault)
  if (status !== undefined) return String(status)
  // Without what differs each time: keys, references, numbers.
  return String(fault)
    .replaceAll(/reference = \w+|"[^"]*"|\d+/g, '')
    .slice(0, 200)
}

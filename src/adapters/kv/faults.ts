import { statusOf } from './kv-errors.ts'

/** Tells of faults that change no answer. It never throws, whatever a user's callback does. */
export type TellFault = (fault: unknown) => void

export function faultTeller(onFault: ((fault: unknown) => unknown) | undefined): TellFault {
  if (onFault === undefined) return warnOnce
  const report = (thrown: unknown): void => console.error('nearcache: onFault failed:', thrown)
  return (fault) => {
    try {
      // An async function may stand where a plain one is asked for: nobody else listens to its promise.
      Promise.resolve(onFault(fault)).catch(report)
    } catch (thrown) {
      report(thrown)
    }
  }
}

/** Kinds of fault that this isolate has been warned of. */
const told = new Set<string>()
const MAX_KINDS = 100

/** Once per kind and isolate: while KV is down, every read would warn. */
function warnOnce(fault: unknown): void {
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

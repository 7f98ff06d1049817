import type { Change, History, Read, Value } from './history.ts'

/**
 * Finds a value that came back from the dead: a change was acknowledged, a read began later, and returned a value
 * whose load began before that change, or that was written before it. Returns a sentence, or `undefined`.
 */
export function findResurrection({ values, changes, reads }: History): string | undefined {
  const known = new Map(values.map((value) => [value.id, value]))
  for (const read of reads) {
    if (read.value === undefined) continue
    const value = known.get(read.value)
    if (value === undefined || value.key !== read.key)
      return `${inWords(read)}, which nobody made for that key`
    const change = changes.find((one) => ended(one, value) && one.returned < read.invoked)
    if (change !== undefined)
      return `${inWords(read)} of ${value.since}, although ${change.method} ran from ${change.invoked} to ${change.returned}`
  }
  return undefined
}

/** True if the change came after the value and ended its life. */
function ended(change: Change, value: Value): boolean {
  if (value.since >= change.invoked) return false
  if (isSoft(change) && value.hasWindow) return false
  if (change.key !== undefined) return change.key === value.key
  return change.tags === undefined || change.tags.some((tag) => value.tags.includes(tag))
}

function isSoft({ method }: Change): boolean {
  return method === 'aexpire' || method === 'aexpireTags'
}

function inWords({ method, key, value, invoked }: Read): string {
  return `${method}(${key}), called at ${invoked}, returned ${value}`
}

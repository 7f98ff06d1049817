/** Clears by scope: the number of the last one of each. */
export type Clears = ReadonlyMap<string, number>

/** The last clear that concerned a key: what was stored or copied before it is gone. */
export function clearedAt(clears: Clears, key: string): number {
  let last = 0
  if (clears.size <= key.length) {
    for (const [scope, generation] of clears) {
      if (generation > last && key.startsWith(scope)) last = generation
    }
    return last
  }
  // Many prefixes were cleared: a key has fewer beginnings.
  for (let end = 0; end <= key.length; end += 1) last = Math.max(last, clears.get(key.slice(0, end)) ?? 0)
  return last
}

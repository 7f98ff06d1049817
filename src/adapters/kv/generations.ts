/** Clears by scope: the number of the last one of each. */
export type Clears = ReadonlyMap<string, number>

/** The last clear that concerned a key: what was stored or copied before it is gone. */
export function clearedAt(clears: Clears, key: string): number {
  let last = 0
  for (const [scope, generation] of clears) {
    if (generation > last && key.startsWith(scope)) last = generation
  }
  return last
}

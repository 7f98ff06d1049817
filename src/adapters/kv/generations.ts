/** The generation of the last clear of each scope. */
export type Clears = ReadonlyMap<string, number>

/** The last clear of a key. Entries and replicas of an earlier generation are gone. */
export function clearedAt(clears: Clears, key: string): number {
  let last = 0
  if (clears.size <= key.length) {
    for (const [scope, generation] of clears) {
      if (generation > last && key.startsWith(scope)) last = generation
    }
    return last
  }
  // There are more scopes than the key has prefixes.
  for (let end = 0; end <= key.length; end += 1) last = Math.max(last, clears.get(key.slice(0, end)) ?? 0)
  return last
}

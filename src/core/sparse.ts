/** The indexes below `length` that hold something, among other names of properties: some of those read as numbers, too. */
export function elementsOf(array: readonly unknown[], length: number): number[] {
  const indexes: number[] = []
  for (const name of Object.keys(array)) {
    const index = Number(name)
    // '1e3' and '' do.
    if (index < length && String(index >>> 0) === name) indexes.push(index)
  }
  return indexes
}

/** Whether a table of its elements takes less than room for all of an array: V8's takes some seven times as much for each. */
export function isSparse(length: number, elements: number): boolean {
  return length > 2_000 && length > 16 * elements
}

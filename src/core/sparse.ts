/** Returns the indexes below `length` that have an element. */
export function elementsOf(array: readonly unknown[], length: number): number[] {
  const indexes: number[] = []
  for (const name of Object.keys(array)) {
    const index = Number(name)
    // Other property names, such as '1e3' and '', also convert to numbers.
    if (index < length && String(index >>> 0) === name) indexes.push(index)
  }
  return indexes
}

/**
 * True if a dictionary of the elements takes less space than the whole array. V8's takes about seven times as
 * much per element.
 */
export function isSparse(length: number, elements: number): boolean {
  return length > 2_000 && length > 16 * elements
}

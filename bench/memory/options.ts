import { parseArgs } from 'node:util'

export interface Options {
  /** What the ids of the rows to measure begin with; none = all. A Map is always among them. */
  readonly rows: readonly string[]
  /** Fewer rounds, no tables of 1M keys, and bytes only of a Map and nearcache: minutes less, and more noise. */
  readonly quick: boolean
}

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { rows: { type: 'string', default: '' }, quick: { type: 'boolean', default: false } },
  })
  return { rows: splitRows(values.rows), quick: values.quick }
}

/** From `nearcache,map,lru`. */
export function splitRows(rows: string): string[] {
  return rows.split(',').filter((row) => row !== '')
}

export function isWanted(id: string, rows: readonly string[]): boolean {
  return rows.length === 0 || id === 'map' || rows.some((start) => id.startsWith(start))
}

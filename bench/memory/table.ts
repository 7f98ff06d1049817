import { median, ratios } from '../statistics.ts'
import type { Rates } from './interleave.ts'

/** One operation on one number of keys, for all rows. */
export interface Column {
  readonly name: string
  readonly keys: number
  readonly rates: Rates
}

/** Bytes per entry, by row. */
export type Bytes = Record<string, number>

export interface Results {
  readonly sync: readonly Column[]
  readonly async: readonly Column[]
  readonly bytes: Bytes
}

export const BASELINE = 'map'

/** How many times as fast as another row, in the median of all rounds; `undefined` if either was not measured. */
export function ahead(column: Column | undefined, id: string, other: string = BASELINE): number | undefined {
  const rates = column?.rates[id]
  const others = column?.rates[other]
  return rates === undefined || others === undefined ? undefined : median(ratios(rates, others))
}

export function figure(ratio: number): string {
  return ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2)
}

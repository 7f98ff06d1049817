import { type Outcome, type Place, type Simulation, simulate } from './simulate.ts'

export const TIMEOUT = 30
export const LOAD_SECONDS = 1
export const PROCESSES = 20
export const SEED = 12
/** Requests per second, for one key. */
export const RATES: readonly number[] = [1, 10, 100]

/** At least so many timeouts and so many requests are simulated. */
const MIN_PERIODS = 100
const MIN_REQUESTS = 50_000

export interface Manner {
  readonly label: string
  readonly options: Simulation['options']
}

export const MANNERS: readonly Manner[] = [
  { label: 'plain expiry', options: {} },
  ...[0.25, 0.5, 1, 2, 4].map((beta) => ({ label: `${beta}`, options: { earlyRefresh: beta } })),
]
/** Beside the others: it serves old values instead. */
export const STALE: Manner = {
  label: 'staleWhileRevalidate',
  options: { staleWhileRevalidate: TIMEOUT },
}

export const PLACES: readonly { readonly label: string; readonly place: Place }[] = [
  { label: 'One process', place: { kind: 'one process' } },
  {
    label: `${PROCESSES} processes on one store, each with loads of its own`,
    place: { kind: 'separate loads', processes: PROCESSES },
  },
  {
    label: `${PROCESSES} processes on one store, with shared loads`,
    place: { kind: 'shared loads', processes: PROCESSES },
  },
]

/** One simulation and what came of it. */
export interface Cell {
  readonly place: Place['kind']
  readonly manner: string
  readonly rate: number
  readonly outcome: Outcome
}

export async function allCells(): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const { place } of PLACES) {
    for (const rate of RATES) {
      for (const { label, options } of [...MANNERS, STALE]) {
        const requests = Math.max(MIN_REQUESTS, MIN_PERIODS * TIMEOUT * rate)
        const outcome = await simulate({
          place,
          requestsPerSecond: rate,
          requests,
          timeout: TIMEOUT,
          loadSeconds: LOAD_SECONDS,
          options,
          seed: SEED,
        })
        cells.push({ place: place.kind, manner: label, rate, outcome })
      }
    }
  }
  return cells
}

export function cellOf(
  cells: readonly Cell[],
  place: Place['kind'],
  manner: string,
  rate: number,
): Outcome | undefined {
  return cells.find((cell) => cell.place === place && cell.manner === manner && cell.rate === rate)?.outcome
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

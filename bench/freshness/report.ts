import { table } from '../markdown.ts'
import {
  type Cell,
  cellOf,
  LOAD_SECONDS,
  MANNERS,
  mean,
  PLACES,
  PROCESSES,
  RATES,
  SEED,
  STALE,
  TIMEOUT,
} from './cells.ts'
import type { Outcome, Place } from './simulate.ts'

export interface Circumstances {
  readonly date: string
  readonly node: string
  readonly nearcache: string
  readonly command: string
}

export function markdown(circumstances: Circumstances, cells: readonly Cell[]): string {
  return [
    '# Freshness: early refresh beside plain expiry',
    'Written by `npm run bench:freshness`. A simulation with the real cache: the clock is virtual and the randomness has ' +
      'a seed, so the machine does not matter.',
    Object.entries(circumstances)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
    `Requests for one key arrive at random. The timeout is ${TIMEOUT} s, and a load takes ${LOAD_SECONDS} s. With ` +
      '`earlyRefresh` a number is its beta: `true` is 1.',
    '![Requests that waited, loads at once, and loads in all, over beta](results.svg)',
    ...PLACES.flatMap(({ label, place }) => [`## ${label}`, placeTable(cells, place.kind)]),
    NOTES,
  ].join('\n\n')
}

function placeTable(cells: readonly Cell[], place: Place['kind']): string {
  const manners = [...MANNERS, STALE].map(({ label }) => label)
  const head = ['', 'requests/s', ...manners.map((label) => (Number(label) > 0 ? `beta ${label}` : label))]
  const rows = Object.entries(MEASURES).flatMap(([name, measure]) =>
    RATES.map((rate) => [
      name,
      String(rate),
      ...manners.map((manner) => {
        const outcome = cellOf(cells, place, manner, rate)
        return outcome === undefined ? '–' : measure(outcome)
      }),
    ]),
  )
  return table(head, rows)
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`

const MEASURES: Record<string, (outcome: Outcome) => string> = {
  'requests that waited': ({ waited }) => percent(waited),
  'loads at once, mean (most)': ({ stampedes }) =>
    `${mean(stampedes).toFixed(1)} (${Math.max(...stampedes)})`,
  'loads per timeout': ({ loadRate }) => loadRate.toFixed(2),
  'requests with an expired value': ({ stale }) => percent(stale),
}

const NOTES = `What the figures are:

- **requests that waited**: that got their value later than they asked, because a load was running.
- **loads at once**: how many loads ran together, each time the value was loaded. Plain expiry without shared loads lets
  every process that is asked meanwhile load the same: up to ${PROCESSES}.
- **loads per timeout**: what it costs the source. Plain expiry in one process is just below 1, since the value is not loaded
  again before somebody asks.
- **shared loads**: adapters that declare \`supports.sharedLoads\`, as IndexedDB does. There, early refresh is for the requests that
  would wait, and not for the source.
- **staleWhileRevalidate** lets nobody wait either, and serves expired values for it. Without shared loads it does not spare the
  source.
- seed: ${SEED}`

import { BASELINE, type Measured, microseconds, ratio, ratioAcross, shown } from './results.ts'

/** What the design says "fast" means, and whether it is so. */
export interface Bar {
  readonly what: string
  /** `undefined`: not all that it takes was measured. */
  readonly holds: boolean | undefined
  readonly figures: string
}

const MINE = 'nearcache'
const LIMITED = 'nearcache/limited'
const USUAL = 'raw'

export function bars(results: readonly Measured[]): Bar[] {
  const task = (id: string) => results.find((measured) => measured.id === id)
  return [
    ceiling('1,000 aset at once, stored keys: 1.3 × one raw transaction', 1.3, task('set-at-once')),
    ceiling('1,000 aset at once, new keys: 1.3 × one raw transaction', 1.3, task('set-at-once-new')),
    ceiling('1,000 aget at once: 1.3 × one raw transaction', 1.3, task('get-at-once')),
    ceiling('agetMany of 1,000: 1.3 × one raw transaction', 1.3, task('get-many')),
    ceiling('aset one by one, 1 kB: 1.1 × raw with commit()', 1.1, task('set')),
    ceiling('aget one by one, 1 kB: 1.1 × raw with commit()', 1.1, task('get')),
    ceiling(
      '1,000 aincr of one key at once: 0.05 × 1,000 raw transactions',
      0.05,
      task('incr-at-once'),
      USUAL,
    ),
    growth('aget', task('get-of-1000'), task('get-of-100000')),
    growth('aset', task('set-of-1000'), task('set-of-100000')),
  ]
}

function ceiling(what: string, most: number, task: Measured | undefined, against: string = BASELINE): Bar {
  const mine = ratio(task, MINE, against)
  const others = [BASELINE, USUAL].map((id) => [ratio(task, MINE, id), `× ${names[id]}`] as const)
  const limited = [ratio(task, LIMITED, against), `× ${names[against]} with maxEntries`] as const
  const figures = [[microseconds(task, MINE), 'µs'] as const, ...others, limited]
    .filter(([figure]) => figure !== undefined)
    .map(([figure, unit]) => `${shown(figure)} ${unit}`)
  return { what, holds: mine === undefined ? undefined : mine <= most, figures: figures.join(', ') || '–' }
}

const names: Readonly<Record<string, string>> = { [BASELINE]: 'best', [USUAL]: 'usual' }

function growth(method: string, small: Measured | undefined, large: Measured | undefined): Bar {
  const grown = ratioAcross(large, MINE, small, MINE)
  const raw = ratioAcross(large, BASELINE, small, BASELINE)
  return {
    what: `single ${method} at 100,000 entries: 1.5 × the same at 1,000`,
    holds: grown === undefined ? undefined : grown <= 1.5,
    figures: `${shown(grown)} × (${shown(microseconds(large, MINE))} over ${shown(microseconds(small, MINE))} µs), raw ${shown(raw)} ×`,
  }
}

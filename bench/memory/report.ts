import { table, verdict } from '../markdown.ts'
import { median } from '../statistics.ts'
import type { Bar } from './bars.ts'
import type { RowMaker } from './rows.ts'
import { ahead, BASELINE, type Bytes, type Column, figure, type Results } from './table.ts'

export interface Circumstances {
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly nearcache: string
  readonly peers: string
  readonly command: string
  readonly method: string
}

type Labels = ReadonlyMap<string, string>

export function markdown(
  circumstances: Circumstances,
  results: Results,
  verdicts: readonly Bar[],
  syncRows: readonly RowMaker[],
  asyncRows: readonly RowMaker[],
): string {
  const syncLabels = labels(syncRows)
  const asyncLabels = labels(asyncRows)
  return [
    '# Memory: nearcache beside its peers',
    'Written by `npm run bench:memory`. Only ratios mean anything, and those by about ±15 %.',
    Object.entries(circumstances)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
    '## The bars',
    table(
      ['', 'bar', 'figures'],
      verdicts.map(({ holds, what, figures }) => [verdict(holds), what, figures]),
    ),
    '## Sync: ratio to a Map',
    'In brackets: million calls per second. Counters are 100; peers read and write, nearcache has `incr`.',
    speedTable(results.sync, syncLabels),
    '## Async: ratio to an async function that does the same on a Map',
    'Each call is awaited before the next. A getOrSet hit is held against a get.',
    speedTable(results.async, asyncLabels),
    '## Bytes per entry, 1M entries',
    'Heap and external memory, with the key (`user:<n>:profile`) and the value (`{ id, name }`).',
    bytesTable(results.bytes, new Map([...asyncLabels, ...syncLabels])),
  ].join('\n\n')
}

function labels(rows: readonly RowMaker[]): Labels {
  return new Map(rows.map(({ id, label }) => [id, label]))
}

function speedTable(columns: readonly Column[], rows: Labels): string {
  const heads = columns.map(({ name, keys }) => `${keys >= 1_000_000 ? '1M' : `${keys / 1000}k`} ${name}`)
  const measured = [...rows].filter(([id]) => columns.some(({ rates }) => id in rates))
  return table(
    ['', ...heads],
    measured.map(([id, label]) => [label, ...columns.map((column) => cell(column, id))]),
  )
}

function cell(column: Column, id: string): string {
  const ratio = ahead(column, id)
  if (ratio === undefined) return '–'
  if (id !== BASELINE) return figure(ratio)
  return `1 (${(median(column.rates[id] ?? []) / 1e6).toPrecision(2)})`
}

function bytesTable(bytes: Bytes, rows: Labels): string {
  const map = bytes[BASELINE] ?? Number.NaN
  return table(
    ['', 'bytes', 'more than a Map'],
    Object.entries(bytes)
      .sort(([, a], [, b]) => a - b)
      .map(([id, figure]) => [rows.get(id) ?? id, figure.toFixed(0), (figure - map).toFixed(0)]),
  )
}

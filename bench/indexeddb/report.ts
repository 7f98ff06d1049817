import { table, verdict } from '../markdown.ts'
import type { Bar } from './bars.ts'
import { BASELINE, LABELS, type Measured, microseconds, ratio, shown } from './results.ts'

export interface Circumstances {
  readonly date: string
  readonly machine: string
  readonly browser: string
  readonly nearcache: string
  readonly peers: string
  readonly command: string
  readonly method: string
}

export function markdown(
  circumstances: Circumstances,
  results: readonly Measured[],
  verdicts: readonly Bar[],
): string {
  return [
    '# IndexedDB: nearcache beside raw IndexedDB and its peers',
    'Written by `npm run bench:indexeddb`. Only ratios mean anything, and those by about ±15 %.',
    Object.entries(circumstances)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
    '## The bars',
    table(
      ['', 'bar', 'figures'],
      verdicts.map(({ holds, what, figures }) => [verdict(holds), what, figures]),
    ),
    '## Time: ratio to raw IndexedDB in its best form',
    'Less is better. In brackets: microseconds per operation.',
    ratioTable(results),
    '![The same as bars](results.svg)',
    NOTES,
  ].join('\n\n')
}

/** Tasks down, contestants across. */
function ratioTable(results: readonly Measured[]): string {
  return table(
    ['', ...LABELS.values()],
    results.map((task) => [task.label, ...[...LABELS.keys()].map((id) => cell(task, id))]),
  )
}

function cell(task: Measured, id: string): string {
  const time = microseconds(task, id)
  if (time === undefined) return '–'
  const own = id === BASELINE ? 1 : ratio(task, id)
  return own === undefined ? `(${shown(time)})` : `${id === BASELINE ? '1' : shown(own)} (${shown(time)})`
}

const NOTES = `What is compared:

- **nearcache**: \`createCache\` with a timeout of 300 s; _maxEntries_ has a limit of 200,000, which is never reached but in the
  row that culls. Sweeping waits until it is called.
- **raw, usual form**: a relaxed transaction for each operation, left to commit by itself; sweeps, culls and clears with a cursor.
- **raw, best form**: one relaxed transaction for all of a task's operations at once, \`commit()\` as soon as the last is
  requested, and no promise for each; sweeps and culls through \`getAllKeys\` of an index, clears a range of keys.
- **peers** in their own bulk forms where they have any. What would lose counts, or cannot be done at all, is left out: \`incr\` is
  \`update\` with idb-keyval and a transaction with Dexie; \`touch\` is a get and a put. localForage and unstorage clear key by key.
- Values are records of ten fields in 1 kB, or pages of a hundred such records. The store's databases are on the disk. Each run is
  checked: values come back, counts are complete, what should be left is left.`

// npm run bench:edge: what nearcache adds to the calls it makes. Writes results.md and results.json, unless it is `--quick`.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { table, verdict } from '../markdown.ts'
import { median, ratios } from '../statistics.ts'
import { measure } from './measure.ts'
import { BASELINE, NAMES, TASKS, type Task } from './tasks.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const quick = process.argv.includes('--quick')
const rounds = quick ? 5 : 41
const load = loadavg()[0]?.toFixed(1)
const times = await measure(rounds)

const ratioOf = (task: Task, contestant: string): number =>
  median(ratios(times[task.id]?.[contestant] ?? [], times[task.id]?.[BASELINE] ?? []))
const microseconds = (task: Task, contestant: string): number =>
  (median(times[task.id]?.[contestant] ?? []) * 1000) / task.operations
const shown = (figure: number): string => figure.toPrecision(figure < 0.1 ? 2 : 3)

const bars = TASKS.filter(({ most }) => most !== undefined).map((task) => [
  verdict(ratioOf(task, 'nearcache') <= (task.most ?? 0)),
  `${task.label}: ${task.most} × bare calls`,
  `${shown(ratioOf(task, 'nearcache'))} ×`,
])
const contestants = Object.keys(NAMES)
const rows = TASKS.map((task) => [
  task.label,
  ...contestants.map((contestant) => {
    if (!task.contestants.includes(contestant)) return '–'
    return `${contestant === BASELINE ? '1' : shown(ratioOf(task, contestant))} (${shown(microseconds(task, contestant))})`
  }),
])
const git = (...args: string[]) => execFileSync('git', args, { cwd: here('.'), encoding: 'utf8' }).trim()
const { dependencies } = JSON.parse(readFileSync(here('../package.json'), 'utf8'))
const { version } = JSON.parse(readFileSync(here('../../node_modules/workerd/package.json'), 'utf8'))

const report = `# At the edge: nearcache beside the bare calls

Written by \`npm run bench:edge\`. Only ratios mean anything, and those by about ±10 %: all of it runs on one machine, where a call
takes half a millisecond that may take fifty on the network.

- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')}
- machine: ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load} at the start
- workerd: ${version}
- nearcache: ${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', '../../src') === '' ? '' : ', with changes in src'}
- peers: unstorage ${dependencies.unstorage}
- method: median of ${rounds} rounds, all contestants in each round, in changing order

## The bars

${table(['', 'bar', 'figure'], bars)}

## Time: ratio to the bare calls

Less is better. In brackets: microseconds per operation.

${table(['', ...contestants.map((contestant) => NAMES[contestant] ?? '')], rows)}

What is compared:

- **bare calls**: for copies \`KV.getWithMetadata\` and \`JSON.parse\`, of many keys in one call. For the owner one call to a Durable
  Object that runs one SQL statement, without deadlines, checks or batches; for \`asetMany\` one call with all of them.
- **unstorage**: its driver for a KV binding. It has no owner to ask and no counters.
- One request makes 200 calls one after the other (10 of a hundred keys, 1,000 at once); the time of an empty request is taken off.
`
console.log(report)
if (!quick) {
  writeFileSync(here('results.md'), report)
  writeFileSync(here('results.json'), `${JSON.stringify(json(), null, 2)}\n`)
}

/** Without arrays: what is measured is looked up by name, and the linter formats it as it stands. */
function json(): object {
  return {
    bars: Object.fromEntries(bars.map(([held, label, figure]) => [label, `${held} ${figure}`])),
    rows: Object.fromEntries(
      rows.map(([label, ...figures]) => [
        label,
        Object.fromEntries(contestants.map((contestant, index) => [contestant, figures[index]])),
      ]),
    ),
  }
}

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { verdict } from '../markdown.ts'
import { type Bar, bars } from './bars.ts'
import { openPage } from './open-page.ts'
import { parseOptions } from './options.ts'
import type { TaskInfo } from './page/page.ts'
import { plot } from './plot.ts'
import { type Circumstances, markdown } from './report.ts'
import { type Measured, microseconds, ratio } from './results.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const options = parseOptions(process.argv.slice(2))
const PEERS = ['idb-keyval', 'dexie', 'localforage', 'unstorage']
/** They take seconds a round, and wobble less. */
const LONG = ['set-at-once', 'set-at-once-new', 'incr-at-once', 'cull', 'clear', 'sweep']
/** They are done in a moment, and a lone call wobbles most. */
const LONE = ['set', 'get']
const ROUNDS = options.quick
  ? { lone: 3, short: 3, long: 2, warmUps: 1 }
  : { lone: 41, short: 11, long: 7, warmUps: 2 }

await using browser = await openPage(new URL('page/page.ts', import.meta.url))
const { page, version } = browser
const circumstances = describe(version)
const results: Measured[] = []
for (const group of grouped(await page.evaluate(() => bench.tasks()))) {
  const ids = group.map(({ id }) => id)
  const isAmong = (list: readonly string[]) => ids.some((id) => list.includes(id))
  const rounds = isAmong(LONG) ? ROUNDS.long : isAmong(LONE) ? ROUNDS.lone : ROUNDS.short
  console.error(`Measuring ${group.map(({ label }) => label).join('; ')} …`)
  const asked = { ids, plan: { rounds, warmUps: ROUNDS.warmUps }, contestants: options.contestants }
  const times = await page.evaluate(({ ids, plan, contestants }) => bench.run(ids, plan, contestants), asked)
  for (const [index, task] of group.entries()) results.push({ ...task, times: times[index] ?? {} })
}

const verdicts = bars(results)
const report = markdown(circumstances, results, verdicts)
// The files are for whole runs: a quick look must not take their place.
if (!options.quick && options.tasks.length + options.contestants.length === 0) {
  writeFileSync(here('results.md'), `${report}\n`)
  writeFileSync(here('results.json'), `${JSON.stringify(json(), null, 2)}\n`)
  writeFileSync(here('results.svg'), plot(results))
}
console.log(`\n${report}\n`)
for (const { holds, what, figures } of verdicts) console.log(`${verdict(holds)}  ${what}\n       ${figures}`)

/** One after another, but for the sizes: those are held against each other. */
function grouped(tasks: readonly TaskInfo[]): TaskInfo[][] {
  const isSize = ({ id }: TaskInfo) => id.includes('-of-')
  const wanted = tasks.filter((task) =>
    options.tasks.length === 0
      ? !(options.quick && isSize(task))
      : options.tasks.some((start) => task.id.startsWith(start)),
  )
  const sizes = wanted.filter(isSize)
  const alone = wanted.filter((task) => !isSize(task)).map((task) => [task])
  return sizes.length > 0 ? [...alone, sizes] : alone
}

function describe(browser: string): Circumstances {
  const { dependencies } = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: here('.'), encoding: 'utf8' }).trim()
  const dirty = git('status', '--porcelain', '--', '../../src') === '' ? '' : ', with changes in src'
  const load = loadavg()[0]?.toFixed(1)
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load} at the start`,
    browser: `Chromium ${browser}, headless`,
    nearcache: `${git('rev-parse', '--short', 'HEAD')}${dirty}`,
    peers: PEERS.map((name) => `${name} ${dependencies[name]}`).join(', '),
    command: ['npm run bench:indexeddb', ...process.argv.slice(2)].join(' '),
    method: `median of ${ROUNDS.short} rounds (${ROUNDS.lone} of lone calls, ${ROUNDS.long} where a round takes seconds), all contestants in one page and in each round, in changing order`,
  }
}

/** Without arrays: what is measured is looked up by name, and the linter formats it as it stands. */
function json(): object {
  return {
    circumstances,
    bars: Object.fromEntries(
      verdicts.map(({ what, holds, figures }: Bar) => [what, { holds: verdict(holds), figures }]),
    ),
    tasks: Object.fromEntries(
      results.map((task) => [
        task.label,
        Object.fromEntries(
          Object.keys(task.times).map((id) => [
            id,
            { ratio: ratio(task, id), microseconds: microseconds(task, id) },
          ]),
        ),
      ]),
    ),
  }
}

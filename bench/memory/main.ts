import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { verdict } from '../markdown.ts'
import { median } from '../statistics.ts'
import { asyncRows } from './async-rows.ts'
import { type Bar, bars } from './bars.ts'
import { isWanted, parseOptions } from './options.ts'
import { type Circumstances, markdown } from './report.ts'
import type { RowMaker } from './rows.ts'
import { syncRows } from './sync-rows.ts'
import { ahead, type Bytes, type Column, type Results } from './table.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const options = parseOptions(process.argv.slice(2))
const rounds = options.quick ? { small: 3, milliseconds: 15 } : { small: 9, milliseconds: 40 }
const circumstances = describe()

const results: Results = {
  sync: [...speed('sync', 10_000), ...(options.quick ? [] : speed('sync', 1_000_000))],
  async: [...speed('async', 10_000), ...(options.quick ? [] : speed('async', 1_000_000))],
  bytes: bytes(),
}
const verdicts = bars(results)
const report = markdown(circumstances, results, verdicts, syncRows, asyncRows)
// The files are for whole runs: a quick look must not take their place.
if (!options.quick && options.rows.length === 0) {
  writeFileSync(here('results.md'), `${report}\n`)
  writeFileSync(here('results.json'), `${JSON.stringify(json(results, verdicts), null, 2)}\n`)
}
console.log(`\n${report}\n`)
for (const { holds, what, figures } of verdicts) console.log(`${verdict(holds)}  ${what}\n       ${figures}`)
// Some peers have timers that would keep the process alive.
process.exit()

/** Runs a script for its JSON, with memory for a million entries of every peer. */
function child(script: string, ...args: (string | number)[]): unknown {
  const flags = ['--expose-gc', '--max-old-space-size=12000', here(script), ...args.map(String)]
  const { stdout, status } = spawnSync(process.execPath, flags, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} failed`)
  return JSON.parse(stdout)
}

function speed(face: 'sync' | 'async', keys: number): Column[] {
  console.error(`Measuring ${face} calls, ${keys} keys …`)
  const large = keys >= 1_000_000
  const columns = child(
    'speed.ts',
    face,
    keys,
    large ? 5 : rounds.small,
    large ? 2 * rounds.milliseconds : rounds.milliseconds,
    options.rows.join(','),
  )
  return (columns as Omit<Column, 'keys'>[]).map((column) => ({ ...column, keys }))
}

function bytes(): Bytes {
  const found: Bytes = {}
  const measure = (face: 'sync' | 'async', rows: readonly RowMaker[]) => {
    for (const { id } of rows) {
      const skipped = options.quick && id !== 'map' && !id.startsWith('nearcache')
      if (skipped || id in found || !isWanted(id, options.rows)) continue
      console.error(`Measuring the bytes of ${id} …`)
      found[id] = child('bytes.ts', face, id, 1_000_000) as number
    }
  }
  measure('sync', syncRows)
  measure('async', asyncRows)
  return found
}

function describe(): Circumstances {
  const { dependencies } = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: here('.'), encoding: 'utf8' }).trim()
  const dirty = git('status', '--porcelain', '--', '../../src') === '' ? '' : ', with changes in src'
  const load = loadavg()[0]?.toFixed(1)
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load} at the start`,
    node: process.versions.node,
    nearcache: `${git('rev-parse', '--short', 'HEAD')}${dirty}`,
    peers: Object.entries(dependencies)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    command: ['npm run bench:memory', ...process.argv.slice(2)].join(' '),
    method: options.quick
      ? 'median of 3 rounds of 15 ms: quick, for a first look only'
      : 'median of 9 rounds of 40 ms (10k keys), of 5 rounds of 80 ms (1M keys)',
  }
}

/** Without arrays: what is measured is looked up by name, and the linter formats it as it stands. */
function json({ sync, async, bytes }: Results, verdicts: readonly Bar[]): object {
  const faces = { sync, async }
  const speeds = Object.entries(faces).map(([face, columns]) => [
    face,
    Object.fromEntries(columns.map((column) => [`${column.keys} ${column.name}`, ofRows(column)])),
  ])
  return {
    circumstances,
    bars: Object.fromEntries(
      verdicts.map(({ what, holds, figures }) => [what, { holds: verdict(holds), figures }]),
    ),
    ...Object.fromEntries(speeds),
    bytes,
  }
}

function ofRows(column: Column): object {
  return Object.fromEntries(
    Object.entries(column.rates).map(([id, rates]) => [
      id,
      { ratio: ahead(column, id), callsPerSecond: Math.round(median(rates)) },
    ]),
  )
}

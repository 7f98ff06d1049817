import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { allCells } from './cells.ts'
import { plot } from './plot.ts'
import { markdown } from './report.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const git = (...args: string[]) => execFileSync('git', args, { cwd: here('.'), encoding: 'utf8' }).trim()

console.error('Simulating …')
const cells = await allCells()
const dirty = git('status', '--porcelain', '--', '../../src') === '' ? '' : ', with changes in src'
const report = markdown(
  {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    node: process.versions.node,
    nearcache: `${git('rev-parse', '--short', 'HEAD')}${dirty}`,
    command: 'npm run bench:freshness',
  },
  cells,
)
writeFileSync(here('results.md'), `${report}\n`)
writeFileSync(here('results.svg'), plot(cells))
console.log(report)

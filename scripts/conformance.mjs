// npm run conformance: runs the conformance suites in all runtimes and writes docs/conformance.md from their
// reports.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  commandPath,
  ensureBrowser,
  ensureDependencies,
  nodePath,
  root,
  run,
  toolEnvironment,
} from './setup.mjs'

const LAST = 160
const COLUMNS = ['memory', 'memory, sync', 'IndexedDB', 'Durable Objects']

/** The column of a suite's tests, by its title. Tests that do not concern an adapter count for all columns. */
const SUITES = new Map([
  ['cache on memory, async', ['memory']],
  ['culling memory, async', ['memory']],
  ['nullAdapter(), async', ['memory']],
  ['cache on memory, sync', ['memory, sync']],
  ['culling memory, sync', ['memory, sync']],
  ['culling indexeddb', ['IndexedDB']],
  ['nullAdapter(), sync', ['memory, sync']],
  ['cache on indexeddb, async', ['IndexedDB']],
  ['cache on indexeddb, its place', ['IndexedDB']],
  ['cache on kv, async', ['Durable Objects']],
  ['cache on kv, its place', ['Durable Objects']],
  ['nullAdapter()', ['memory', 'memory, sync']],
  ['createCaches()', COLUMNS],
  ['agetOrSet() on a place one waits for', COLUMNS],
])

/** The reason why a line has no test in a column. */
const REASONS = [
  { from: 18, to: 18, why: 'no lock is held anywhere while a value is read' },
  { from: 62, to: 62, why: 'a batch is one call by construction' },
  { from: 64, to: 66, why: 'nothing else is in this place, and it cannot go missing' },
  { from: 83, to: 83, why: 'there is no replica' },
  { from: 92, to: 93, why: 'no limit on values' },
  { from: 134, to: 140, why: 'no limit on entries: an object holds 10 GB' },
  { from: 137, to: 137, why: 'a cost, not a result' },
  { from: 146, to: 146, why: 'no threads' },
  { from: 147, to: 150, why: 'a read is one step: nothing can vanish or be cut off inside it' },
  { from: 151, to: 159, why: 'about the null adapter, which runs in memory' },
  { from: 160, to: 160, why: 'the async methods of memory are its sync ones' },
]

ensureDependencies()
const scratch = mkdtempSync(join(tmpdir(), 'nearcache-conformance-'))
const report = join(scratch, 'vitest.json')
const where = [
  'src/testing/memory',
  'src/testing/indexeddb',
  'src/testing/kv',
  'src/core/caches',
  'src/core/get-or-set',
  'src/adapters/null',
]
const args = ['run', '--reporter=json', `--outputFile=${report}`, ...where]
const env = { ...toolEnvironment(), NEARCACHE_CHROMIUM: await ensureBrowser() }
const { status } = run(nodePath(), [commandPath('vitest'), ...args], env)
const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
rmSync(scratch, { recursive: true })

/** @type {Map<number, { title: string, columns: Map<string, boolean> }>} */
const lines = new Map()
for (const { assertionResults } of testResults) for (const result of assertionResults) note(result)

/** @param {{ ancestorTitles: string[], title: string, status: string }} result */
function note({ ancestorTitles, title, status }) {
  const [, number, text] = /^(\d+)\. (.*)/s.exec(title) ?? []
  if (number === undefined || text === undefined || status === 'skipped' || status === 'pending') return
  const line = lines.get(Number(number)) ?? { title: text.replace(/, in \w+$/, ''), columns: new Map() }
  lines.set(Number(number), line)
  for (const column of SUITES.get(ancestorTitles[0] ?? '') ?? []) {
    line.columns.set(column, (line.columns.get(column) ?? true) && status === 'passed')
  }
}

/** @param {number} number */
function row(number) {
  const line = lines.get(number)
  const why = REASONS.findLast(({ from, to }) => from <= number && number <= to)?.why ?? '**no test**'
  const cells = COLUMNS.map((column) => {
    const passed = line?.columns.get(column)
    return passed === undefined ? why : passed ? '✓' : '**fails**'
  })
  const title = (line?.title ?? '–').replaceAll('|', '\\|')
  return `| ${number} | ${title} | ${cells.join(' | ')} |`
}

const table = [
  `| Line | The test | ${COLUMNS.join(' | ')} |`,
  `| ---- | -------- | ${COLUMNS.map(() => '---').join(' | ')} |`,
  ...Array.from({ length: LAST }, (_, index) => row(index + 1)),
]
const head = `# Django's contract, line by line

\`npm run conformance\` writes this page from the results of the tests. Each row is a line of the conformance list, which is drawn from
Django's own tests and documentation, and shows which adapters pass it. A cell other than ✓ says why the line does not apply there.
`
const file = join(root, 'docs', 'conformance.md')
writeFileSync(file, `${head}\n${table.join('\n')}\n`)
run(nodePath(), [commandPath('@biomejs/biome', 'biome'), 'format', '--write', file], env)
process.exitCode = status ?? 1

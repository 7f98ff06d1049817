// npm run bench:indexeddb-layouts: what the ways to lay out a database cost. Writes layouts.md.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { openPage } from '../open-page.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const rounds = Number(process.argv[2] ?? 15)

await using browser = await openPage(new URL('page.ts', import.meta.url))
const { page, version } = browser
const times = await page.evaluate((count) => measureLayouts(count), rounds)

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const layouts = Object.keys(Object.values(times)[0] ?? {})
const rows = Object.entries(times).map(([task, ofTask]) => {
  const medians = layouts.map((layout) => median(ofTask[layout] ?? []))
  const [first = Number.NaN] = medians
  return `| ${task} | ${medians.map((value, index) => (index === 0 ? `${value.toFixed(0)} µs` : (value / first).toFixed(2))).join(' | ')} |`
})
writeFileSync(
  here('../layouts.md'),
  `# Layouts of an IndexedDB database

Written by \`npm run bench:indexeddb-layouts\`: raw IndexedDB in one page, on the disk, the layouts in turn, medians of ${rounds} rounds. The first column
is microseconds for one operation, the others are ratios to it; only ratios mean anything, and those by about ±15 %.

- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')}
- machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}
- Chromium ${version}

| | ${layouts.join(' | ')} |
| --- | ${layouts.map(() => '---').join(' | ')} |
${rows.join('\n')}
`,
)

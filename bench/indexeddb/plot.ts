import { BASELINE, LABELS, type Measured, microseconds, ratio, shown } from './results.ts'

const WIDTH = 860
const LEFT = 190
const RIGHT = 130
const BAR = 13
const STEP = 18
const TITLE = 34

/** Bars by task, each task to a scale of its own: what counts is who takes how much longer. */
export function plot(results: readonly Measured[]): string {
  let top = 44
  const groups: string[] = []
  for (const task of results) {
    groups.push(group(task, top))
    top += TITLE + STEP * contestantsOf(task).length
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 12}" width="${WIDTH}" height="${top + 12}" role="img">
<title>Microseconds per operation on IndexedDB, by task and library</title>
<style>
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 13px }
  .soft { fill: #57606a }
  .mine { fill: #1a7f64 }
  .raw { fill: #57606a }
  .peer { fill: #b6bdc5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .soft { fill: #9aa4af }
    .mine { fill: #3fb992 }
    .raw { fill: #9aa4af }
    .peer { fill: #4b5561 }
  }
</style>
<text class="soft" x="12" y="24">Microseconds per operation, and how many times raw IndexedDB in its best form. Shorter is better; each task has its own scale.</text>
${groups.join('\n')}
</svg>
`
}

function contestantsOf(task: Measured): string[] {
  return [...LABELS.keys()].filter((id) => id in task.times)
}

function group(task: Measured, top: number): string {
  const ids = contestantsOf(task)
  const times = ids.map((id) => microseconds(task, id) ?? 0)
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...times)
  const bars = ids.map((id, index) => {
    const y = top + TITLE - 8 + index * STEP
    const time = times[index] ?? 0
    const width = Math.max(time * scale, 1).toFixed(1)
    const own = id === BASELINE ? undefined : ratio(task, id)
    const figures = `${shown(time)} µs${own === undefined ? '' : ` · ${shown(own)} ×`}`
    return `<text x="${LEFT - 8}" y="${y + 11}" text-anchor="end">${LABELS.get(id)}</text>
<rect class="${kindOf(id)}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2"/>
<text class="soft" x="${(LEFT + Number(width) + 6).toFixed(1)}" y="${y + 11}">${figures}</text>`
  })
  return [`<text class="title" x="12" y="${top + 16}">${task.label}</text>`, ...bars].join('\n')
}

function kindOf(id: string): string {
  if (id.startsWith('nearcache')) return 'mine'
  return id.startsWith('raw') ? 'raw' : 'peer'
}

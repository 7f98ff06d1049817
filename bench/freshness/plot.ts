import { type Cell, cellOf, MANNERS, mean, PROCESSES, RATES } from './cells.ts'
import type { Outcome, Place } from './simulate.ts'

const PANEL = { width: 240, height: 190, left: 46, top: 96, gap: 52 }
const WIDTH = 3 * (PANEL.width + PANEL.gap) + 10
const HEIGHT = PANEL.top + PANEL.height + 54

interface Panel {
  readonly title: string
  readonly unit: string
  readonly measure: (outcome: Outcome) => number
  readonly places: readonly Place['kind'][]
}

const PANELS: readonly Panel[] = [
  {
    title: 'Requests that waited for a load',
    unit: ' %',
    measure: ({ waited }) => 100 * waited,
    places: ['separate loads'],
  },
  {
    title: 'Loads at once, mean',
    unit: '',
    measure: ({ stampedes }) => mean(stampedes),
    places: ['separate loads', 'shared loads'],
  },
  {
    title: 'Loads per timeout',
    unit: '',
    measure: ({ loadRate }) => loadRate,
    places: ['separate loads', 'shared loads'],
  },
]

/** Three panels over beta, with plain expiry at the left. */
export function plot(cells: readonly Cell[]): string {
  const panels = PANELS.map((one, index) => panel(one, cells, PANEL.left + index * (PANEL.width + PANEL.gap)))
  const legend = RATES.map(
    (rate, index) =>
      `<line class="rate${index}" x1="${12 + index * 150}" x2="${36 + index * 150}" y1="46" y2="46"/>
<text x="${42 + index * 150}" y="50">${rate} request${rate === 1 ? '' : 's'}/s</text>`,
  )
  const dashed = 24 + RATES.length * 150
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">
<title>What early refresh does, over beta, beside plain expiry</title>
<style>
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 13px }
  .soft { fill: #57606a }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .rate0, .rate1, .rate2 { fill: none; stroke-width: 2 }
  .rate0 { stroke: #b6bdc5 }
  .rate1 { stroke: #57606a }
  .rate2 { stroke: #1a7f64 }
  .shared { stroke-dasharray: 4 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .soft { fill: #9aa4af }
    .grid { stroke: #30363d }
    .rate0 { stroke: #4b5561 }
    .rate1 { stroke: #9aa4af }
    .rate2 { stroke: #3fb992 }
  }
</style>
<text class="soft" x="12" y="24">${PROCESSES} processes on one store. The timeout is 30 s, and a load takes 1 s.</text>
${legend.join('\n')}
<line class="rate1 shared" x1="${dashed}" x2="${dashed + 24}" y1="46" y2="46"/>
<text x="${dashed + 30}" y="50">dashed: with shared loads</text>
${panels.join('\n')}
</svg>
`
}

function panel({ title, unit, measure, places }: Panel, cells: readonly Cell[], left: number): string {
  const values = (place: Place['kind'], rate: number): number[] =>
    MANNERS.map(({ label }) => {
      const outcome = cellOf(cells, place, label, rate)
      return outcome === undefined ? Number.NaN : measure(outcome)
    })
  const highest = Math.max(...places.flatMap((place) => RATES.flatMap((rate) => values(place, rate))))
  const step = niceStep(highest)
  const top = Math.ceil(highest / step) * step
  const x = (index: number): string => (left + (index * PANEL.width) / (MANNERS.length - 1)).toFixed(1)
  const y = (value: number): string => (PANEL.top + PANEL.height * (1 - value / top)).toFixed(1)
  const grid = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step).map(
    (value) => `<line class="grid" x1="${left}" x2="${left + PANEL.width}" y1="${y(value)}" y2="${y(value)}"/>
<text class="soft" x="${left - 6}" y="${Number(y(value)) + 4}" text-anchor="end">${value}${unit}</text>`,
  )
  const bottom = PANEL.top + PANEL.height
  const ticks = MANNERS.map(
    ({ label }, index) =>
      `<text class="soft" x="${x(index)}" y="${bottom + 18}" text-anchor="middle">${index === 0 ? 'plain' : label}</text>`,
  )
  const lines = places.flatMap((place) =>
    RATES.map((rate, index) => {
      const points = values(place, rate).map((value, at) => `${x(at)},${y(value)}`)
      const kind = place === 'shared loads' ? ' shared' : ''
      return `<polyline class="rate${index}${kind}" points="${points.join(' ')}"/>`
    }),
  )
  return [
    `<text class="title" x="${left - 34}" y="${PANEL.top - 14}">${title}</text>`,
    ...grid,
    ...ticks,
    `<text class="soft" x="${left + PANEL.width / 2}" y="${bottom + 38}" text-anchor="middle">beta of earlyRefresh</text>`,
    ...lines,
  ].join('\n')
}

/** 1, 2 or 5 times a power of ten, for some five lines. */
function niceStep(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest / 5))
  return power * ([1, 2, 5].find((factor) => highest / (factor * power) <= 6) ?? 10)
}

import type { Source } from './answers.ts'
import { make } from './elements.ts'
import { brief } from './failures.ts'

export function badge(result: Source | Error): HTMLElement {
  if (result instanceof Error) return make('b', { className: 'badge failure' }, brief(result))
  return make('b', { className: `badge ${result.toLowerCase()}` }, result)
}

export function time(milliseconds: number): HTMLElement {
  return make('span', { className: 'time' }, duration(milliseconds))
}

/** "0.3 ms", "58 ms", "1.2 s". */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
]

/** "58 s", "7 d": rounded, in the largest unit that fits. */
export function span(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, 's']
  return `${Math.round(seconds / size)} ${unit}`
}

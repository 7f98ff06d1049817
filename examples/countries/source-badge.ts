import type { Source } from './answers.ts'
import { make } from './elements.ts'
import { brief } from './failures.ts'

export function badge(result: Source | Error): HTMLElement {
  if (result instanceof Error) return make('b', { className: 'badge failure' }, brief(result))
  return make('b', { className: `badge ${result.toLowerCase()}` }, result)
}

export function time(milliseconds: number): HTMLElement {
  const text = milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds).toString()
  return make('span', { className: 'time' }, `${text} ms`)
}

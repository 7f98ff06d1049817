import type { Answer } from './answers.ts'
import { make } from './elements.ts'

export function badge({ source }: Answer<unknown>): HTMLElement {
  return make('b', { className: `badge ${source.toLowerCase()}` }, source)
}

export function time({ milliseconds }: Answer<unknown>): HTMLElement {
  const text = milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds).toString()
  return make('span', { className: 'time' }, `${text} ms`)
}

import type { Report } from './answers.ts'
import { find, make } from './elements.ts'
import { badge, time } from './source-badge.ts'

const SHOWN = 8

/** What became of the last requests, the newest first. */
export function log({ request, result, milliseconds }: Report): void {
  const list = find('#log', HTMLOListElement)
  list.prepend(make('li', {}, badge(result), make('code', { title: request }, request), time(milliseconds)))
  while (list.children.length > SHOWN) list.lastElementChild?.remove()
}

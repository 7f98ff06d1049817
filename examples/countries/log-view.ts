import type { Answer } from './answers.ts'
import { find, make } from './elements.ts'
import { badge, time } from './source-badge.ts'

const SHOWN = 8

/** The last answers, the newest first. */
export function logAnswer(path: string, answer: Answer<unknown>): void {
  const log = find('#log', HTMLOListElement)
  log.prepend(make('li', {}, badge(answer), make('code', {}, path), time(answer)))
  while (log.children.length > SHOWN) log.lastElementChild?.remove()
}

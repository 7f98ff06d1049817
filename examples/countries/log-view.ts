import { isHere, type Report } from './answers.ts'
import { find, make } from './elements.ts'
import { badge, duration, time } from './source-badge.ts'

const SHOWN = 8

/** Shows the results of the last requests, newest first, and the total time saved. */
export class LogView {
  readonly #list = find('#log', HTMLOListElement)
  readonly #sum = find('#sum', HTMLElement)
  #answers = 0
  #here = 0
  #saved = 0

  add({ request, result, milliseconds, took }: Report): void {
    this.#list.prepend(
      make('li', {}, badge(result), make('code', { title: request }, request), time(milliseconds)),
    )
    while (this.#list.children.length > SHOWN) this.#list.lastElementChild?.remove()
    if (result instanceof Error) return
    this.#answers += 1
    if (isHere(result)) {
      this.#here += 1
      // Near the edge, the disk may be slower. Then this number decreases.
      if (took !== undefined) this.#saved += took - milliseconds
    }
    if (this.#here === 0) return
    const saved = this.#saved > 0 ? `, ${duration(this.#saved)} saved` : ''
    this.#sum.textContent = `${this.#here} of ${this.#answers} from this browser${saved}`
  }
}

import { type Answer, type Answers, Failed, Unreachable } from './answers.ts'
import type { CountryRecord } from './api.ts'
import { find, flag, make } from './elements.ts'
import { badge, time } from './source-badge.ts'

/** One country, in a dialog. */
export class DetailView {
  readonly #dialog = find('#detail', HTMLDialogElement)
  readonly #body = find('#detail-body', HTMLElement)
  readonly #answers: Answers
  readonly #nameOf: (code: string) => string
  /** The country asked for last: an answer for another one comes too late to be shown. */
  #wanted = ''

  constructor(answers: Answers, nameOf: (code: string) => string) {
    this.#answers = answers
    this.#nameOf = nameOf
  }

  async open(code: string): Promise<void> {
    this.#wanted = code
    this.#show(this.#title(code, ''), make('p', { className: 'note' }, 'Asking …'))
    if (!this.#dialog.open) this.#dialog.showModal()
    try {
      const answer = await this.#answers.get<CountryRecord>(`countries/${code}`)
      if (this.#wanted !== code) return
      const views = make('dd', { id: 'views' }, '…')
      this.#show(...this.#country(answer, views))
      await this.#count(code, views)
    } catch (error) {
      if (this.#wanted === code)
        this.#show(this.#title(code, ''), make('p', { className: 'message' }, excuse(error)))
    }
  }

  async #count(code: string, place: HTMLElement): Promise<void> {
    try {
      const { views, current } = await this.#answers.view(code)
      if (current) place.textContent = `${views}`
      else place.textContent = views === undefined ? 'not known offline' : `${views}, when last online`
    } catch (error) {
      place.textContent = excuse(error)
    }
  }

  #show(...parts: Node[]): void {
    this.#body.replaceChildren(...parts)
  }

  #title(code: string, below: string): HTMLElement {
    const heading = make('h2', { id: 'detail-title' }, this.#nameOf(code))
    return make('div', { className: 'title' }, flag(code), make('div', {}, heading, make('p', {}, below)))
  }

  #country(answer: Answer<CountryRecord>, views: HTMLElement): Node[] {
    const {
      code,
      officialName,
      nativeNames,
      capital,
      region,
      subregion,
      area,
      languages,
      currencies,
      borders,
      landlocked,
    } = answer.value
    const facts: [string, string | HTMLElement][] = [
      ['Capital', capital],
      ['Region', subregion === '' ? region : `${subregion}, ${region}`],
      ['Area', `${area.toLocaleString('en')} km²${landlocked ? ', landlocked' : ''}`],
      ['Languages', languages.join(', ')],
      ['Currencies', currencies.join(', ')],
      ['Known there as', nativeNames.join(', ')],
      ['Borders', borders.length === 0 ? 'none' : this.#borders(borders)],
    ]
    return [
      this.#title(code, officialName),
      make('p', { className: 'from' }, 'This answer came from', badge(answer), 'in', time(answer)),
      make(
        'dl',
        { className: 'facts' },
        ...facts.flatMap(([name, fact]) => [make('dt', {}, name), make('dd', {}, fact === '' ? '–' : fact)]),
        make('dt', {}, 'Views'),
        views,
      ),
    ]
  }

  #borders(codes: readonly string[]): HTMLElement {
    const buttons = codes.map((code) => {
      const button = make('button', { type: 'button' }, this.#nameOf(code))
      button.addEventListener('click', () => void this.open(code))
      return button
    })
    return make('div', { className: 'borders' }, ...buttons)
  }
}

/** What went wrong, as what it is. */
export function excuse(error: unknown): string {
  if (error instanceof Unreachable)
    return 'You are offline, and this was not opened before: there is no copy of it here yet.'
  if (error instanceof Failed && error.status === 404) return 'The origin knows no such country.'
  if (error instanceof Failed) return `The Worker failed (${error.status}): ${error.message}`
  return `This page failed: ${String(error)}`
}

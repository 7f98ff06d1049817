import { type Answer, type Answers, isHere } from './answers.ts'
import type { CountryRecord } from './api.ts'
import { find, flag, make } from './elements.ts'
import { excuse } from './failures.ts'
import { badge, span, time } from './source-badge.ts'

/** Shows one country in a dialog. */
export class DetailView {
  readonly #dialog = find('#detail', HTMLDialogElement)
  readonly #titlePlace = find('#detail-title-place', HTMLElement)
  readonly #status = find('#detail-status', HTMLElement)
  readonly #body = find('#detail-body', HTMLElement)
  readonly #answers: Answers
  readonly #nameOf: (code: string) => string
  /** The country requested last. An answer for another one is too late to show. */
  #wanted = ''

  constructor(answers: Answers, nameOf: (code: string) => string) {
    this.#answers = answers
    this.#nameOf = nameOf
  }

  async open(code: string): Promise<void> {
    this.#wanted = code
    const below = make('p', {})
    const heading = make('h2', { id: 'detail-title', tabIndex: -1 }, this.#nameOf(code))
    this.#titlePlace.replaceChildren(
      make('div', { className: 'title' }, flag(code), make('div', {}, heading, below)),
    )
    this.#tell('Asking …')
    this.#body.replaceChildren()
    // The pressed button is removed when the country changes, and the focus with it.
    if (this.#dialog.open) heading.focus()
    else this.#dialog.showModal()
    try {
      const path = `countries/${code}`
      const answer = await this.#answers.get<CountryRecord>(path)
      const lasts = await this.#answers.lasts(path)
      if (this.#wanted !== code) return
      const views = make('dd', { id: 'views' }, '…')
      below.textContent = answer.value.officialName
      this.#tellOf(answer, lasts)
      this.#body.replaceChildren(this.#facts(answer.value, views))
      await this.#count(code, views)
    } catch (error) {
      if (this.#wanted === code) this.#tell(make('span', { className: 'message' }, excuse(error)))
    }
  }

  /** Shows the source of an answer, its time, its age, and how long it is stored. */
  #tellOf({ source, milliseconds, took, made }: Answer<unknown>, lasts: number | null | undefined): void {
    const instead = isHere(source) && took !== undefined ? [' instead of ', time(took), ' by network'] : []
    const more: string[] = []
    if (made !== undefined) more.push(`${span(Math.max(0, Date.now() - made) / 1000)} old`)
    // Not a number: the entry was cleared or has expired since it was read.
    if (typeof lasts === 'number') more.push(`kept here for ${span(lasts)}`)
    const lasting = make('span', { className: 'lasting' }, more.join(', '))
    this.#tell('Answered by ', badge(source), ' in ', time(milliseconds), ...instead, ' ', lasting)
  }

  async #count(code: string, place: HTMLElement): Promise<void> {
    try {
      const { value, source } = await this.#answers.view(code)
      if (value === undefined) place.textContent = 'not known here yet'
      else if (source === 'IndexedDB') place.replaceChildren(`${value}, as last seen `, badge(source))
      else place.textContent = `${value}`
    } catch (error) {
      place.textContent = excuse(error)
    }
  }

  #tell(...parts: (Node | string)[]): void {
    this.#status.replaceChildren(...parts)
  }

  #facts(country: CountryRecord, views: HTMLElement): HTMLElement {
    const { capital, region, subregion, area, landlocked, languages, currencies, nativeNames, borders } =
      country
    const facts: [string, string | HTMLElement][] = [
      ['Capital', capital],
      ['Region', subregion === '' ? region : `${subregion}, ${region}`],
      ['Area', area === null ? '' : `${area.toLocaleString('en')} km²${landlocked ? ', landlocked' : ''}`],
      ['Languages', languages.join(', ')],
      ['Currencies', currencies.join(', ')],
      ['Local name', nativeNames.join(', ')],
      ['Borders', borders.length === 0 ? 'none' : this.#borders(borders)],
    ]
    return make(
      'dl',
      { className: 'facts' },
      ...facts.flatMap(([name, fact]) => [make('dt', {}, name), make('dd', {}, fact === '' ? '–' : fact)]),
      make('dt', {}, 'Views'),
      views,
    )
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

import type { CountrySummary } from './api.ts'
import { find, flag, make } from './elements.ts'

/** The list of countries and its filter. */
export class ListView {
  readonly #list = find('#list', HTMLUListElement)
  readonly #form = find('#filter', HTMLFormElement)
  readonly #count = find('#count', HTMLElement)
  readonly #none = find('#none', HTMLElement)
  readonly #open: (code: string) => void
  #cards: readonly (readonly [CountrySummary, HTMLElement])[] = []

  constructor(open: (code: string) => void) {
    this.#open = open
    this.#form.addEventListener('input', () => this.#show())
    this.#form.addEventListener('submit', (event) => event.preventDefault())
    find('#none button', HTMLButtonElement).addEventListener('click', () => this.#showAll())
  }

  /** Called once: the countries do not change while the page is open. */
  show(countries: readonly CountrySummary[]): void {
    this.#cards = countries.map((country) => [country, this.#card(country)])
    const regions = [...new Set(countries.map(({ region }) => region))].sort()
    const options = regions.map((region) => make('option', { value: region }, region))
    find('#filter select', HTMLSelectElement).append(...options)
    this.#list.ariaBusy = 'false'
    this.#show()
  }

  showNothing(): void {
    this.#list.ariaBusy = 'false'
    this.#count.textContent = ''
  }

  #showAll(): void {
    this.#form.reset()
    this.#show()
    // The pressed button is removed, and the focus with it.
    this.focus()
  }

  focus(): void {
    find('#filter input', HTMLInputElement).focus()
  }

  #show(): void {
    // There is nothing to search yet.
    if (this.#cards.length === 0) return
    const given = new FormData(this.#form)
    const text = fold(String(given.get('text')))
    const region = String(given.get('region'))
    const shown = this.#cards.filter(
      ([country]) =>
        (region === '' || country.region === region) &&
        (fold(country.name).includes(text) || fold(country.capital).includes(text)),
    )
    this.#list.replaceChildren(...shown.map(([, card]) => card))
    this.#count.textContent = `${shown.length} of ${this.#cards.length}`
    this.#none.hidden = shown.length > 0
  }

  #card({ code, name, capital, region }: CountrySummary): HTMLElement {
    const place = capital === '' ? region : `${capital} · ${region}`
    const card = make(
      'button',
      { type: 'button', className: 'card' },
      flag(code),
      make('strong', {}, name),
      make('span', {}, place),
    )
    card.addEventListener('click', () => this.#open(code))
    return make('li', {}, card)
  }
}

/** Ignores case and accents, so that "Cote" finds "Côte". */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

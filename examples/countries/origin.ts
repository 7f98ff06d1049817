import countries from 'world-countries'
import type { CountryRecord, CountrySummary } from './api.ts'

export interface OriginOptions {
  /** How many milliseconds every answer takes. */
  readonly delay: number
  /** Makes every answer fail, after the same time. */
  readonly down: boolean
}

/** The origin did not answer. This is not a miss. */
export class OriginFailed extends Error {}

/** The upstream service that the Worker protects: correct, and as slow as a real one. */
export class Origin {
  readonly #options: OriginOptions

  constructor(options: OriginOptions) {
    this.#options = options
  }

  async list(): Promise<CountrySummary[]> {
    await this.#think()
    return countries.map(summary).sort((one, other) => one.name.localeCompare(other.name))
  }

  /** `null` if there is no such country. This is worth caching too. */
  async country(code: string): Promise<CountryRecord | null> {
    await this.#think()
    const found = countries.find(({ cca3 }) => cca3 === code)
    return found === undefined ? null : record(found)
  }

  async #think(): Promise<void> {
    const { delay, down } = this.#options
    await new Promise((resolve) => setTimeout(resolve, delay))
    if (down) throw new OriginFailed('The origin does not answer')
  }
}

type Country = (typeof countries)[number]

function summary({ cca3, name, capital, region, area }: Country): CountrySummary {
  // The data has -1 for Svalbard.
  return { code: cca3, name: name.common, capital: capital.join(', '), region, area: area > 0 ? area : null }
}

function record(country: Country): CountryRecord {
  const { name, subregion, languages, currencies, borders, landlocked } = country
  return {
    ...summary(country),
    officialName: name.official,
    nativeNames: [...new Set(Object.values(name.native).map(({ common }) => common))],
    subregion,
    languages: Object.values(languages),
    currencies: Object.entries(currencies).map(([code, { name: title }]) => `${title} (${code})`),
    borders,
    landlocked,
  }
}

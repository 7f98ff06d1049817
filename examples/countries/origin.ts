import countries from 'world-countries'
import type { CountryRecord, CountrySummary } from './api.ts'

/** The upstream service that the Worker shields: right, and as slow as a real one. */
export class Origin {
  readonly #delay: number

  constructor(delay: number) {
    this.#delay = delay
  }

  async list(): Promise<CountrySummary[]> {
    await this.#think()
    return countries.map(summary).sort((one, other) => one.name.localeCompare(other.name))
  }

  /** `null` where there is no such country: worth caching too. */
  async country(code: string): Promise<CountryRecord | null> {
    await this.#think()
    const found = countries.find(({ cca3 }) => cca3 === code)
    return found === undefined ? null : record(found)
  }

  #think(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#delay))
  }
}

type Country = (typeof countries)[number]

function summary({ cca3, name, capital, region, area }: Country): CountrySummary {
  return { code: cca3, name: name.common, capital: capital.join(', '), region, area }
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

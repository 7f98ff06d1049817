/** What the API speaks: used by the Worker and the page. */

export interface CountrySummary {
  readonly code: string
  readonly name: string
  readonly capital: string
  readonly region: string
}

export interface CountryRecord extends CountrySummary {
  readonly officialName: string
  readonly nativeNames: readonly string[]
  readonly subregion: string
  /** Square kilometres. */
  readonly area: number
  readonly languages: readonly string[]
  readonly currencies: readonly string[]
  readonly borders: readonly string[]
  readonly landlocked: boolean
}

export interface Views {
  readonly views: number
}

/** Where the Worker found what it answers; the header of that name says it. */
export const SOURCE_HEADER = 'x-source'
export type WorkerSource = 'edge' | 'origin'

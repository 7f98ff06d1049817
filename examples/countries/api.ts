/** The types of the API, used by the Worker and the page. */

export interface CountrySummary {
  /** ISO 3166-1 alpha-3; the flag is `/flags/<code in lower case>.svg`. */
  readonly code: string
  readonly name: string
  readonly capital: string
  readonly region: string
  /** In square kilometres; `null` if unknown. */
  readonly area: number | null
}

export interface CountryRecord extends CountrySummary {
  readonly officialName: string
  readonly nativeNames: readonly string[]
  readonly subregion: string
  readonly languages: readonly string[]
  readonly currencies: readonly string[]
  readonly borders: readonly string[]
  readonly landlocked: boolean
}

export interface Views {
  readonly views: number
}

export interface ErrorBody {
  readonly error: string
}

/** Where the Worker found its answer. It sends this in the header of that name. */
export const SOURCE_HEADER = 'x-source'
export type WorkerSource = 'edge' | 'origin'

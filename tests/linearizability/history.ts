/** One call, as data. Nothing in a history expires; other tests cover expiry. */
export type Call =
  | { readonly method: 'aget' | 'adelete' | 'apop'; readonly key: string }
  | { readonly method: 'aset' | 'aadd'; readonly key: string; readonly value: number }
  /** With `initial` if it is a number. Otherwise a missing key is an error. */
  | {
      readonly method: 'aincr'
      readonly key: string
      readonly delta: number
      readonly initial: number | null
    }
  /** Acquires a lock, or releases the lock acquired with this token. */
  | { readonly method: 'alock' | 'release'; readonly key: string; readonly token: number }

export type Method = Call['method']

/**
 * One call and its answer. `invoked` is before its start and `returned` after its end, on a clock that all
 * clients share and that never repeats a value.
 */
export interface Operation {
  readonly client: number
  readonly call: Call
  /** The answer as {@link text}, or the error code. */
  readonly result: string
  readonly invoked: number
  readonly returned: number
}

/** Any answer as text. */
export function text(answer: unknown): string {
  return JSON.stringify(answer) ?? 'undefined'
}

export function inWords({ client, call, result, invoked, returned }: Operation): string {
  const { method, key, ...rest } = call
  const args = [key, ...Object.values(rest)].map(text).join(', ')
  return `[${invoked}, ${returned}] client ${client}: ${method}(${args}) → ${result}`
}

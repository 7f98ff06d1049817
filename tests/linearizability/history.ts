/** One call, as data. Nothing in it expires: what time does is other tests' affair. */
export type Call =
  | { readonly method: 'aget' | 'adelete' | 'apop'; readonly key: string }
  | { readonly method: 'aset' | 'aadd'; readonly key: string; readonly value: number }
  /** With `initial` if it is a number: a missing key is an error otherwise. */
  | {
      readonly method: 'aincr'
      readonly key: string
      readonly delta: number
      readonly initial: number | null
    }
  /** Takes a lock, or lets go of the lock that was taken with this token. */
  | { readonly method: 'alock' | 'release'; readonly key: string; readonly token: number }

export type Method = Call['method']

/**
 * One call that was made, with what it answered. `invoked` is a moment before it began and `returned` one after it
 * ended, on a clock that all clients share and that never gives a moment twice.
 */
export interface Operation {
  readonly client: number
  readonly call: Call
  /** As {@link text}, or the code of the error. */
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

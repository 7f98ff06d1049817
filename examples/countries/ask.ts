import { type ErrorBody, SOURCE_HEADER, type WorkerSource } from './api.ts'
import { Failed, Unreachable } from './failures.ts'

export interface Asked<T> {
  readonly value: T
  readonly source: WorkerSource
  /** Seconds since the origin sent it. */
  readonly age: number
}

/** Sends a request to the Worker. Throws `Unreachable` if there is no response, `Failed` if it is an error. */
export async function ask<T>(path: string, method = 'GET'): Promise<Asked<T>> {
  let response: Response
  let text: string
  try {
    response = await fetch(`/api/${path}`, { method })
    text = await response.text()
  } catch (cause) {
    throw new Unreachable('The server cannot be reached', { cause })
  }
  if (!response.ok) throw new Failed(response.status, reasonIn(text) ?? 'The server failed')
  const source = response.headers.get(SOURCE_HEADER) === 'origin' ? 'origin' : 'edge'
  const age = Number(response.headers.get('age'))
  return { value: (text === '' ? undefined : JSON.parse(text)) as T, source, age }
}

/** `undefined` if the error is not the Worker's own, such as a proxy's error page. */
function reasonIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as Partial<ErrorBody>).error
  } catch {
    return undefined
  }
}

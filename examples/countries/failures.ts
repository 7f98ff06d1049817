/** The network, or the Worker behind it, cannot be reached. There is neither an answer nor a miss. */
export class Unreachable extends Error {}

/** The Worker answered with an error. */
export class Failed extends Error {
  readonly status: number

  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

/** Describes an error for the page. */
export function excuse(error: unknown): string {
  if (error instanceof Unreachable) {
    return navigator.onLine
      ? 'The server does not answer, and there is no copy of this here yet. Please try again later.'
      : 'You are offline, and this was not opened before, or too long ago: there is no copy of it here.'
  }
  if (error instanceof Failed) {
    return error.status === 404 ? 'The origin knows no such country.' : `${error.message} (${error.status})`
  }
  return `This page failed: ${String(error)}`
}

/** Describes an error for the log, in one word. */
export function brief(error: unknown): string {
  if (error instanceof Unreachable) return navigator.onLine ? 'no answer' : 'offline'
  return error instanceof Failed ? `${error.status}` : 'failed'
}

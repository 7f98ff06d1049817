/** The network, or the Worker behind it, cannot be reached: neither an answer nor a miss. */
export class Unreachable extends Error {}

/** The Worker answered, and not with what was asked for. */
export class Failed extends Error {
  readonly status: number

  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

/** What went wrong, as what it is. */
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

/** The same for the log, in a word. */
export function brief(error: unknown): string {
  if (error instanceof Unreachable) return navigator.onLine ? 'no answer' : 'offline'
  return error instanceof Failed ? `${error.status}` : 'failed'
}

/** The HTTP status of an error of KV, which is only in its message: `KV PUT failed: 429 Too Many Requests`. */
export function statusOf(error: unknown): number | undefined {
  const [, status] = /failed: (\d{3})\b/.exec(String(error)) ?? []
  return status === undefined ? undefined : Number(status)
}

/** True if a retry cannot succeed: the namespace is gone, or the request is invalid. */
export function isPermanent(error: unknown): boolean {
  const status = statusOf(error) ?? 500
  return status >= 400 && status < 500 && status !== REQUEST_TIMEOUT && status !== TOO_MANY_REQUESTS
}

const REQUEST_TIMEOUT = 408
const TOO_MANY_REQUESTS = 429

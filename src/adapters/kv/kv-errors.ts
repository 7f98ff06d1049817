/** The status that an error of KV names: its text, `KV PUT failed: 429 Too Many Requests`, is all that tells it. */
export function statusOf(error: unknown): number | undefined {
  const [, status] = /failed: (\d{3})\b/.exec(String(error)) ?? []
  return status === undefined ? undefined : Number(status)
}

/** Whether KV will answer the same however often it is asked: the namespace is gone, or what is asked makes no sense to it. */
export function isPermanent(error: unknown): boolean {
  const status = statusOf(error) ?? 500
  return status >= 400 && status < 500 && status !== REQUEST_TIMEOUT && status !== TOO_MANY_REQUESTS
}

const REQUEST_TIMEOUT = 408
const TOO_MANY_REQUESTS = 429

/**
 * The request in which a promise was made. In workerd, promises of a request that was cancelled never settle, so that no other
 * request may wait for them. Everywhere else, all is one scope.
 */
export interface RequestScope {
  isCurrent(): boolean
}

/** The scope of what runs now. Two scopes of one request may be two objects: ask `isCurrent`. */
export function requestScope(): RequestScope {
  if (latest?.isCurrent() === true) return latest
  const { WebSocketPair } = globalThis as { readonly WebSocketPair?: new () => IoObject }
  if (WebSocketPair === undefined) return EVERYWHERE
  try {
    latest = new IoScope(new WebSocketPair())
    return latest
  } catch {
    // At module scope nothing waits for I/O.
    return EVERYWHERE
  }
}

/** Whether there are requests here, which end and take with them what they had begun. */
export function hasRequests(): boolean {
  return 'WebSocketPair' in globalThis
}

/** Each half of a pair, of which nothing is ever sent. */
interface IoObject {
  readonly 0: { readonly readyState: number }
}

/**
 * Tells requests apart by what workerd itself refuses: an I/O object may be used only in the request that made it. A pair of
 * sockets is the cheapest that is checked when it is looked at: 5 µs to make, 0.3 to ask, some 50 where it refuses.
 * https://developers.cloudflare.com/workers/observability/errors/#cannot-perform-io-on-behalf-of-a-different-request
 */
class IoScope implements RequestScope {
  readonly #pair: IoObject

  constructor(pair: IoObject) {
    this.#pair = pair
  }

  isCurrent(): boolean {
    try {
      return this.#pair[0].readyState >= 0
    } catch {
      return false
    }
  }
}

const EVERYWHERE: RequestScope = { isCurrent: () => true }

/** Most calls are of the request that made the last one. */
let latest: IoScope | undefined

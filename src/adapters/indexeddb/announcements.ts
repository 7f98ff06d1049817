/**
 * What changed in a database. Keys are stored keys: with the default key function `prefix:version:key`, which
 * `defaultKeyFunction` makes and `restOf` takes apart.
 */
export type CacheChange =
  | { readonly kind: 'changed'; readonly keys: readonly string[] }
  /** Everything whose key begins with `scope` is gone; `''` = everything. */
  | { readonly kind: 'cleared'; readonly scope: string }

/**
 * Tells all pages and workers of the origin. The channel is open for a moment only: an open one can keep a page out of the
 * back/forward cache. https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
 */
export function announce(database: string, change: CacheChange): void {
  const channel = new BroadcastChannel(channelName(database))
  channel.postMessage(change)
  channel.close()
}

/** Calls `listener` for each change announced, by this page too, until the function it gives is called. */
export function subscribe(database: string, listener: (change: CacheChange) => void): () => void {
  const channel = new BroadcastChannel(channelName(database))
  channel.addEventListener('message', ({ data }: MessageEvent<CacheChange>) => listener(data))
  return () => channel.close()
}

function channelName(database: string): string {
  return `nearcache:${database}`
}

import type { StoreChange } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { describeType } from './expiry.ts'
import { subscribersOf } from './subscribers.ts'

/** What has changed in a cache. */
export type CacheChange =
  /** Values were stored, removed, or got another deadline. */
  | { readonly kind: 'changed'; readonly keys: readonly string[] }
  /** All values were removed. */
  | { readonly kind: 'cleared' }
  /** All values with one of the tags were removed or became stale. */
  | { readonly kind: 'invalidated'; readonly tags: readonly string[] }

/** A value with what is known of it. */
export interface CacheEntry<T = unknown> {
  readonly value: T
  /** Seconds since it was stored; `undefined` if it was stored without tags, stale windows and `keepAge`. */
  readonly age: number | undefined
  /** Seconds that it is still fresh: 0 if it is stale, `null` if it never expires. */
  readonly ttl: number | null
  /** True if its timeout has passed, and only `agetOrSet` may return it. */
  readonly isStale: boolean
  readonly tags: readonly string[]
}

/** Tells `listener` of the changes of one cache, in its own keys and tags. */
export function subscribe(
  { adapter, keyspace }: CallContext,
  listener: (change: CacheChange) => void,
): () => void {
  if (typeof listener !== 'function')
    throw new TypeError(`subscribe takes a function: got ${describeType(listener)}`)
  if (!keyspace.hasPrefixes)
    throw new TypeError(
      'subscribe needs the default key function: the keys of another one cannot be turned back',
    )
  const prefix = keyspace.prefix(undefined)
  const tell = (change: StoreChange): void => {
    if (change.kind === 'changed') {
      const keys = change.keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
      if (keys.length > 0) listener({ kind: 'changed', keys })
    } else if (change.kind === 'invalidated') {
      const tags = change.tags.filter((tag) => keyspace.ownsTag(tag)).map((tag) => keyspace.userTagOf(tag))
      if (tags.length > 0) listener({ kind: 'invalidated', tags })
    } else if (prefix.startsWith(change.scope)) listener({ kind: 'cleared' })
  }
  return adapter.subscribe?.(tell) ?? subscribersOf(adapter).add(tell)
}

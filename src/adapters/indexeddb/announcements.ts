import type { Change, Outcome, StoreChange } from '../../core/adapter.ts'
import { describeType } from '../../core/expiry.ts'
import { changedKeys } from '../../core/subscribers.ts'
import { callGuarded, type Report } from './faults.ts'

/**
 * What changed in a database. Keys are stored keys: with the default key function `prefix:version:key`, as
 * `defaultKeyFunction` makes them.
 */
export type CacheChange = StoreChange

/** Announces the changes of one adapter, and tells subscribers of the changes that all tabs announce. */
export interface Announcements {
  /**
   * Calls `listener` for each change that an adapter with announcements has stored in the same database, in this tab or in
   * another, until the returned function is called. Where there is no `BroadcastChannel`, and on a fallback, it is called only
   * for the changes of its own adapter.
   *
   * @throws {TypeError} If `listener` is not a function.
   */
  subscribe(listener: (change: CacheChange) => void): () => void
  /** Called by the adapter that these announcements are given to. @throws {TypeError} If there is one already. */
  attach(database: string, report: Report): void
  /** Called by the adapter after a commit. */
  committed(changes: readonly Change[], outcomes: readonly Outcome[]): void
  /** Called by the adapter after a clear. */
  cleared(scope: string): void
  /** Called by the adapter after stored tags were invalidated. */
  invalidated(tags: readonly string[]): void
  /** Called by a fallback: from now on, changes concern only this tab. */
  keepInPage(): void
}

/**
 * Announces what an adapter stores to all tabs and workers of the origin. Give it to one adapter as its option
 * `announcements`. A change is announced after it was stored, through a `BroadcastChannel`.
 *
 * A failure here never changes the result of a call. It goes to the adapter's `onFault`.
 *
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { announcements, indexedDBAdapter } from 'nearcache/indexeddb'
 *
 * const changes = announcements()
 * const cache = createCache({ adapter: indexedDBAdapter({ name: 'app', announcements: changes }) })
 * const stop = changes.subscribe((change) => console.log(change))
 * await cache.aset('answer', 42) // in all tabs: { kind: 'changed', keys: [':1:answer'] }
 * stop()
 * ```
 */
export function announcements(): Announcements {
  return new ChannelAnnouncements()
}

interface Subscriber {
  readonly listener: (change: CacheChange) => void
  /** If there is none, the subscriber is called directly, for the changes of this adapter. */
  channel: BroadcastChannel | undefined
}

class ChannelAnnouncements implements Announcements {
  #database: string | undefined
  #report: Report = () => {}
  readonly #subscribers = new Set<Subscriber>()
  #isInPageOnly = false
  /** True if the last announcement failed, which was reported then. */
  #isFailing = false

  attach(database: string, report: Report): void {
    if (this.#database !== undefined)
      throw new TypeError(
        `indexedDBAdapter takes an announcements() of its own: this one belongs to the adapter of "${this.#database}"`,
      )
    this.#database = database
    this.#report = report
    for (const subscriber of this.#subscribers) this.#listen(subscriber)
  }

  committed(changes: readonly Change[], outcomes: readonly Outcome[]): void {
    const keys = changedKeys(changes, outcomes)
    if (keys.length > 0) this.#announce({ kind: 'changed', keys })
  }

  cleared(scope: string): void {
    this.#announce({ kind: 'cleared', scope })
  }

  invalidated(tags: readonly string[]): void {
    this.#announce({ kind: 'invalidated', tags })
  }

  subscribe(listener: (change: CacheChange) => void): () => void {
    if (typeof listener !== 'function')
      throw new TypeError(`subscribe takes a function: got ${describeType(listener)}`)
    const subscriber: Subscriber = { listener, channel: undefined }
    this.#listen(subscriber)
    this.#subscribers.add(subscriber)
    return () => {
      this.#subscribers.delete(subscriber)
      subscriber.channel?.close()
    }
  }

  keepInPage(): void {
    this.#isInPageOnly = true
    for (const subscriber of this.#subscribers) {
      subscriber.channel?.close()
      subscriber.channel = undefined
    }
  }

  #listen(subscriber: Subscriber): void {
    if (this.#database === undefined || this.#isInPageOnly) return
    try {
      const channel = this.#openChannel()
      channel.addEventListener('message', ({ data }: MessageEvent<CacheChange>) =>
        this.#tell(subscriber, data),
      )
      // In Node a channel keeps the process alive.
      ;(channel as { unref?: () => void }).unref?.()
      subscriber.channel = channel
    } catch (cause) {
      this.#report(`A subscriber of "${this.#database}" is not told of other tabs' changes`, cause)
    }
  }

  #announce(change: CacheChange): void {
    const isSent = !this.#isInPageOnly && this.#send(change)
    for (const subscriber of this.#subscribers) {
      if (isSent && subscriber.channel !== undefined) continue
      // Later, as through a channel: a listener never delays the writer.
      Promise.resolve().then(() => this.#tell(subscriber, structuredClone(change)))
    }
  }

  /**
   * The channel is open only for a moment: an open one can keep a page out of the back/forward cache.
   * https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
   */
  #send(change: CacheChange): boolean {
    let channel: BroadcastChannel | undefined
    try {
      channel = this.#openChannel()
      channel.postMessage(change)
      this.#isFailing = false
      return true
    } catch (cause) {
      // Reported once until it works again: otherwise every write would report it.
      if (!this.#isFailing) this.#report(`Other tabs are not told of changes in "${this.#database}"`, cause)
      this.#isFailing = true
      return false
    } finally {
      channel?.close()
    }
  }

  /** Throws if there is no `BroadcastChannel`, or if the page is denied storage. */
  #openChannel(): BroadcastChannel {
    return new BroadcastChannel(`nearcache:${this.#database}`)
  }

  #tell(subscriber: Subscriber, change: CacheChange): void {
    if (!this.#subscribers.has(subscriber)) return
    callGuarded(
      () => subscriber.listener(change),
      (error) => this.#report(`A subscriber of "${this.#database}" failed`, error),
    )
  }
}

import type { Change, Outcome } from '../../core/adapter.ts'
import { keysOf } from '../../core/operations.ts'
import { callGuarded, type Report } from './faults.ts'

/**
 * What changed in a database. Keys are stored keys: with the default key function `prefix:version:key`, which
 * `defaultKeyFunction` makes and `userKeyOf` takes apart.
 */
export type CacheChange =
  | { readonly kind: 'changed'; readonly keys: readonly string[] }
  /** Everything whose key begins with `scope` is gone; `''` = everything. */
  | { readonly kind: 'cleared'; readonly scope: string }

interface Subscriber {
  readonly listener: (change: CacheChange) => void
  /** Missing where this page has no `BroadcastChannel`: then it is told of this adapter's changes directly. */
  channel: BroadcastChannel | undefined
}

/**
 * Tells subscribers in all pages and workers of the origin what was stored. That comes after the commit, so nothing here
 * throws: whatever fails is reported.
 */
export class Announcements {
  readonly #database: string
  readonly #isOn: boolean
  readonly #report: Report
  readonly #subscribers = new Set<Subscriber>()
  #isInPageOnly = false
  /** Whether the last announcement failed, which was reported then. */
  #isFailing = false

  constructor(database: string, isOn: boolean, report: Report) {
    this.#database = database
    this.#isOn = isOn
    this.#report = report
  }

  committed(changes: readonly Change[], outcomes: readonly Outcome[]): void {
    if (!this.#isOn) return
    const keys = changes.filter((_, index) => isChanged(outcomes[index])).flatMap(keysOf)
    if (keys.length > 0) this.#announce({ kind: 'changed', keys })
  }

  cleared(scope: string): void {
    if (this.#isOn) this.#announce({ kind: 'cleared', scope })
  }

  /** Calls `listener` for each change announced, by this page too, until the function it gives is called. */
  subscribe(listener: (change: CacheChange) => void): () => void {
    const subscriber: Subscriber = { listener, channel: undefined }
    if (!this.#isInPageOnly) subscriber.channel = this.#listen(subscriber)
    this.#subscribers.add(subscriber)
    return () => {
      this.#subscribers.delete(subscriber)
      subscriber.channel?.close()
    }
  }

  /** What is stored from now on concerns this page only, and what other pages announce does not concern it. */
  keepInPage(): void {
    this.#isInPageOnly = true
    for (const subscriber of this.#subscribers) {
      subscriber.channel?.close()
      subscriber.channel = undefined
    }
  }

  #listen(subscriber: Subscriber): BroadcastChannel | undefined {
    try {
      const channel = this.#openChannel()
      channel.addEventListener('message', ({ data }: MessageEvent<CacheChange>) =>
        this.#tell(subscriber, data),
      )
      // In Node a channel keeps the process alive.
      ;(channel as { unref?: () => void }).unref?.()
      return channel
    } catch (cause) {
      this.#report(`A subscriber of "${this.#database}" does not hear of other tabs' changes`, cause)
      return undefined
    }
  }

  #announce(change: CacheChange): void {
    const isSent = !this.#isInPageOnly && this.#send(change)
    for (const subscriber of this.#subscribers) {
      if (isSent && subscriber.channel !== undefined) continue
      // Later, as by a channel: who writes is not held up by those who listen.
      Promise.resolve().then(() => this.#tell(subscriber, structuredClone(change)))
    }
  }

  /**
   * The channel is open for a moment only: an open one can keep a page out of the back/forward cache.
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
      // Once until it works again: where it cannot work, each write would report it.
      if (!this.#isFailing) this.#report(`Other tabs are not told of changes in "${this.#database}"`, cause)
      this.#isFailing = true
      return false
    } finally {
      channel?.close()
    }
  }

  /** Throws where there is none, and where the page is denied storage. */
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

/** A value that could not be kept may have taken the old one with it. */
function isChanged(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && (outcome.ok || !LEAVES_ALL.includes(outcome.reason))
}

/** The reasons of refusals that leave everything as it was. */
const LEAVES_ALL: readonly string[] = ['exists', 'missing', 'not-an-integer', 'out-of-range']

import type {
  Adapter,
  Change,
  ClaimReply,
  ClaimRequest,
  Entry,
  Invalidation,
  Op,
  Outcome,
  Supports,
} from '../../src/core/adapter.ts'
import { invalidateTags, isLive, isOpen, keptUntil, step } from '../../src/core/operations.ts'

/**
 * A store in this process for several adapters, each of which stands for a process of its own: loads of one
 * are not seen by the others, except through claims. It shows in milliseconds what tabs and isolates do, which
 * the tests of IndexedDB and of the edge then show in real ones.
 */
export class SharedStore {
  readonly entries: Map<string, Entry> = new Map()
  #changed = Promise.withResolvers<void>()

  adapter(overrides: Partial<Adapter> = {}): Adapter {
    return {
      name: 'shared store',
      supports: SUPPORTS,
      readsClaims: true,
      read: async (keys) => keys.map((key) => this.entries.get(key)),
      commit: async (changes, now) => this.#commit(changes, now),
      clear: async (scope) => {
        for (const key of this.entries.keys()) if (key.startsWith(scope)) this.entries.delete(key)
        this.#notify()
      },
      claim: (key, now, request) => this.#claim(key, now, request),
      deleteTags: async (tags, now, invalidation) => this.#deleteTags(tags, now, invalidation),
      listKeys: (scope, now) => this.#listKeys(scope, now),
      close: async () => {},
      ...overrides,
    }
  }

  /** Removes what no reader may see any more. */
  sweep(now: number): void {
    for (const [key, entry] of this.entries) if (!isOpen(keptUntil(entry), now)) this.entries.delete(key)
  }

  #commit(changes: readonly Change[], now: number): Outcome[] {
    const outcomes = changes.map(({ key, op }) => step(this.entries, key, op, now))
    this.#notify()
    return outcomes
  }

  async #claim(key: string, now: number, request: ClaimRequest): Promise<ClaimReply> {
    const { token, milliseconds, refresh, wait } = request
    const op: Op = { kind: 'claim', token, until: now + milliseconds, refresh }
    for (;;) {
      const outcome = step(this.entries, key, op, now)
      if (outcome.ok)
        return outcome.entry === undefined ? { isGranted: true } : { isGranted: false, entry: outcome.entry }
      if (!wait) return { isGranted: false }
      await this.#changed.promise
    }
  }

  #deleteTags(tags: readonly string[], now: number, invalidation: Invalidation): void {
    for (const [key, entry] of this.entries) {
      const next = invalidateTags(entry, tags, invalidation, now)
      if (next === undefined) this.entries.delete(key)
      else this.entries.set(key, next)
    }
    this.#notify()
  }

  async *#listKeys(scope: string, now: number): AsyncGenerator<string[]> {
    yield [...this.entries].flatMap(([key, entry]) =>
      key.startsWith(scope) && isLive(entry, now) ? [key] : [],
    )
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

const SUPPORTS: Supports = {
  atomic: true,
  atomicBatch: true,
  readYourWrites: true,
  staleness: 0,
  sharedLoads: true,
  tags: true,
  listing: true,
  persistent: false,
  values: 'kept',
  maxKeyBytes: null,
  maxValueBytes: null,
}

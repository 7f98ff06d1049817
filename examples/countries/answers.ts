import { indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import {
  type AsyncCache,
  type CacheError,
  createCache,
  isCacheError,
  type SyncCache,
} from '../../src/index.ts'
import type { Views, WorkerSource } from './api.ts'
import { ask } from './ask.ts'
import { Unreachable } from './failures.ts'

export type Source = 'memory' | 'IndexedDB' | WorkerSource

export interface Answer<T> {
  readonly value: T
  readonly source: Source
  readonly milliseconds: number
}

/** What became of a request, for the log: where its answer came from, or what went wrong. */
export interface Report {
  readonly request: string
  readonly result: Source | Error
  readonly milliseconds: number
}

/** API answers: from memory, else from IndexedDB, else from the Worker, which has them from its cache or the origin. */
export class Answers {
  readonly memory: SyncCache = createCache({ adapter: memoryAdapter({ maxEntries: 500 }), timeout: 60 })
  /** Kept for a week, so that what was seen once is there without a network. */
  readonly disk: AsyncCache
  /** When the Worker's last answer to a path came, and from where. */
  readonly #arrivals = new Map<string, { readonly at: number; readonly source: WorkerSource }>()
  readonly #report: (report: Report) => void
  readonly #onOutage: (error: CacheError) => void

  /** `onOutage` hears when IndexedDB fails: a user may have forbidden it. All goes on without. */
  constructor(report: (report: Report) => void, onOutage: (error: CacheError) => void) {
    this.#report = report
    this.#onOutage = onOutage
    this.disk = createCache({
      adapter: indexedDBAdapter({ name: 'countries' }),
      keyPrefix: 'answers',
      timeout: 7 * 24 * 3600,
      onError: (error) => {
        onOutage(error)
        return 'miss'
      },
    })
  }

  get<T>(path: string): Promise<Answer<T>> {
    return this.#timed<T>(path, async (started) => {
      const remembered = this.memory.get<T>(path)
      if (remembered !== undefined) return { value: remembered, source: 'memory' }
      const value = await this.disk.agetOrSet(path, async () => {
        const asked = await ask<T>(path)
        this.#arrivals.set(path, { at: performance.now(), source: asked.source })
        return asked.value
      })
      this.memory.set(path, value)
      // Not a variable that the loader sets: callers at the same time share one load, each with a loader of its own.
      const arrival = this.#arrivals.get(path)
      return { value, source: arrival !== undefined && arrival.at >= started ? arrival.source : 'IndexedDB' }
    })
  }

  /** For how many more seconds this browser holds the answer to a path, where it was found; `null` = for ever. */
  async lasts(path: string, source: Source): Promise<number | null | undefined> {
    return source === 'memory' ? this.memory.ttl(path) : this.disk.attl(path)
  }

  /** Counts a view; without a network, the last count that is known. */
  view(code: string): Promise<Answer<number | undefined>> {
    const path = `countries/${code}/views`
    return this.#timed(`views of ${code}`, async () => {
      try {
        const { value, source } = await ask<Views>(path, 'POST')
        await this.#keepViews(path, value.views)
        return { value: value.views, source }
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        return { value: await this.disk.aget<number>(path), source: 'IndexedDB' }
      }
    })
  }

  /** A write that fails throws, whatever `onError` says of reads; this one is only for when there is no network. */
  async #keepViews(path: string, views: number): Promise<void> {
    try {
      await this.disk.aset(path, views, null)
    } catch (error) {
      if (!isCacheError(error)) throw error
      this.#onOutage(error)
    }
  }

  async clearEdge(): Promise<void> {
    await ask('cache', 'DELETE')
  }

  async #timed<T>(
    request: string,
    find: (started: number) => Promise<{ readonly value: T; readonly source: Source }>,
  ): Promise<Answer<T>> {
    const started = performance.now()
    const passed = () => performance.now() - started
    try {
      const { value, source } = await find(started)
      const answer = { value, source, milliseconds: passed() }
      this.#report({ request, result: source, milliseconds: answer.milliseconds })
      return answer
    } catch (error) {
      const result = error instanceof Error ? error : new Error(String(error))
      this.#report({ request, result, milliseconds: passed() })
      throw error
    }
  }
}

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

/** An answer of the Worker's, as it is kept here. Times are milliseconds since 1970 by this browser's clock. */
interface Kept<T> {
  readonly value: T
  readonly source: WorkerSource
  /** When the origin gave it. */
  readonly made: number
  /** When it came here. */
  readonly came: number
  /** The milliseconds that it took to come. */
  readonly took: number
}

interface Found<T> {
  readonly value: T
  readonly source: Source
  /** As in what is kept; a count has neither. */
  readonly made?: number
  readonly took?: number
}

export interface Answer<T> extends Found<T> {
  readonly milliseconds: number
}

/** What became of a request, for the log: where its answer came from, or what went wrong. */
export interface Report {
  readonly request: string
  readonly result: Source | Error
  readonly milliseconds: number
  /** What it took over the network. */
  readonly took?: number | undefined
}

/** Whether an answer came without the network. */
export function isHere(source: Source): boolean {
  return source === 'memory' || source === 'IndexedDB'
}

/** API answers: from memory, else from IndexedDB, else from the Worker, which has them from its cache or the origin. */
export class Answers {
  readonly memory: SyncCache = createCache({ adapter: memoryAdapter({ maxEntries: 500 }), timeout: 60 })
  /** Kept for a week, so that what was seen once is there without a network. */
  readonly disk: AsyncCache
  readonly #report: (report: Report) => void
  readonly #onOutage: (error: CacheError) => void

  /** `onOutage` hears when IndexedDB fails: a user may have forbidden it. All goes on without. */
  constructor(report: (report: Report) => void, onOutage: (error: CacheError) => void) {
    this.#report = report
    this.#onOutage = onOutage
    this.disk = createCache({
      adapter: indexedDBAdapter({ name: 'countries' }),
      keyPrefix: 'answers',
      // One more whenever the shape of what is kept changes: browsers have the old one for a week.
      version: 2,
      timeout: 7 * 24 * 3600,
      onError: (error) => {
        onOutage(error)
        return 'miss'
      },
    })
  }

  get<T>(path: string): Promise<Answer<T>> {
    return this.#timed<T>(path, async () => {
      const started = Date.now()
      const remembered = this.memory.get<Kept<T>>(path)
      if (remembered !== undefined) return { ...remembered, source: 'memory' }
      const kept = await this.disk.agetOrSet(path, () => askToKeep<T>(path))
      this.memory.set(path, kept)
      // Not a variable that the loader sets: callers at the same time share one load, each with a loader of its own.
      return { ...kept, source: kept.came < started ? 'IndexedDB' : kept.source }
    })
  }

  /** For how many more seconds the answer to a path can be had without a network; `null` = for ever. */
  lasts(path: string): Promise<number | null | undefined> {
    return this.disk.attl(path)
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

  async #timed<T>(request: string, find: () => Promise<Found<T>>): Promise<Answer<T>> {
    const started = performance.now()
    const passed = () => performance.now() - started
    try {
      const found = await find()
      const answer = { ...found, milliseconds: passed() }
      this.#report({ request, result: found.source, milliseconds: answer.milliseconds, took: found.took })
      return answer
    } catch (error) {
      const result = error instanceof Error ? error : new Error(String(error))
      this.#report({ request, result, milliseconds: passed() })
      throw error
    }
  }
}

async function askToKeep<T>(path: string): Promise<Kept<T>> {
  const started = performance.now()
  const { value, source, age } = await ask<T>(path)
  const came = Date.now()
  return { value, source, made: came - age * 1000, came, took: performance.now() - started }
}

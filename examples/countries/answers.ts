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

/** A stored answer of the Worker. Times are in epoch milliseconds by this browser's clock. */
interface Kept<T> {
  readonly value: T
  readonly source: WorkerSource
  /** When the origin sent it. */
  readonly made: number
  /** When it arrived here. */
  readonly came: number
  /** How many milliseconds it took to arrive. */
  readonly took: number
}

interface Found<T> {
  readonly value: T
  readonly source: Source
  /** As in the stored answer. A count has neither. */
  readonly made?: number
  readonly took?: number
}

export interface Answer<T> extends Found<T> {
  readonly milliseconds: number
}

/** The result of a request for the log: the source of the answer, or the error. */
export interface Report {
  readonly request: string
  readonly result: Source | Error
  readonly milliseconds: number
  /** How long it took over the network. */
  readonly took?: number | undefined
}

/** True if an answer did not need the network. */
export function isHere(source: Source): boolean {
  return source === 'memory' || source === 'IndexedDB'
}

/** Reads API answers from memory, then IndexedDB, then the Worker, which has its own cache in front of the origin. */
export class Answers {
  readonly memory: SyncCache = createCache({ adapter: memoryAdapter({ maxEntries: 500 }), timeout: 60 })
  /** Stored for a week, so that everything seen once is available offline. */
  readonly disk: AsyncCache
  readonly #report: (report: Report) => void
  readonly #onOutage: (error: CacheError) => void

  /**
   * `onOutage` is called if IndexedDB fails, for example because the user has disabled it. Everything works
   * without it.
   */
  constructor(report: (report: Report) => void, onOutage: (error: CacheError) => void) {
    this.#report = report
    this.#onOutage = onOutage
    this.disk = createCache({
      adapter: indexedDBAdapter({ name: 'countries' }),
      keyPrefix: 'answers',
      // Increase this whenever the format changes: browsers keep old answers for a week.
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
      // Do not set a variable in the loader: concurrent callers share one load, and each has its own loader.
      return { ...kept, source: kept.came < started ? 'IndexedDB' : kept.source }
    })
  }

  /** How many more seconds the answer to a path is available offline; `null` = forever. */
  lasts(path: string): Promise<number | null | undefined> {
    return this.disk.attl(path)
  }

  /** Counts a view. Offline, returns the last known count. */
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

  /** A failed write always throws, whatever `onError` returns. This one only serves offline use. */
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

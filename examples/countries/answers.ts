import { indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { type AsyncCache, createCache, type SyncCache } from '../../src/index.ts'
import { SOURCE_HEADER, type Views } from './api.ts'

export type Source = 'memory' | 'IndexedDB' | 'edge' | 'origin'

export interface Answer<T> {
  readonly value: T
  readonly source: Source
  readonly milliseconds: number
}

/** The network cannot be reached: neither an answer nor a miss. */
export class Unreachable extends Error {}

/** The Worker answered, and not with what was asked for. */
export class Failed extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** API answers: from memory, else from IndexedDB, else from the Worker, which has them from its cache or the origin. */
export class Answers {
  readonly memory: SyncCache = createCache({ adapter: memoryAdapter({ maxEntries: 500 }), timeout: 60 })
  /** Kept for a week, so that what was seen once is there without a network. */
  readonly disk: AsyncCache = createCache({
    adapter: indexedDBAdapter({ name: 'countries' }),
    keyPrefix: 'answers',
    timeout: 7 * 24 * 3600,
  })
  readonly #heard: (path: string, answer: Answer<unknown>) => void

  constructor(heard: (path: string, answer: Answer<unknown>) => void) {
    this.#heard = heard
  }

  async get<T>(path: string): Promise<Answer<T>> {
    const started = performance.now()
    const tell = (value: T, source: Source): Answer<T> => {
      const answer = { value, source, milliseconds: performance.now() - started }
      this.#heard(path, answer)
      return answer
    }
    const remembered = this.memory.get<T>(path)
    if (remembered !== undefined) return tell(remembered, 'memory')
    let source: Source = 'IndexedDB'
    const value = await this.disk.agetOrSet(path, async () => {
      const response = await ask(path)
      source = response.headers.get(SOURCE_HEADER) === 'origin' ? 'origin' : 'edge'
      return (await response.json()) as T
    })
    this.memory.set(path, value)
    return tell(value, source)
  }

  /** Counts a view, or gives the last count that is known when there is no network. */
  async view(code: string): Promise<{ readonly views: number | undefined; readonly current: boolean }> {
    const path = `countries/${code}/views`
    try {
      const { views } = (await (await ask(path, 'POST')).json()) as Views
      await this.disk.aset(path, views, null)
      return { views, current: true }
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      return { views: await this.disk.aget<number>(path), current: false }
    }
  }

  async clearEdge(): Promise<void> {
    await ask('cache', 'DELETE')
  }
}

async function ask(path: string, method = 'GET'): Promise<Response> {
  let response: Response
  try {
    response = await fetch(`/api/${path}`, { method })
  } catch (cause) {
    throw new Unreachable('The network cannot be reached', { cause })
  }
  if (response.ok) return response
  throw new Failed(response.status, await response.text())
}

import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { kvAdapter } from '../../src/adapters/kv/index.ts'
import { type AsyncCache, createCache, isCacheError } from '../../src/index.ts'
import { type ErrorBody, SOURCE_HEADER, type Views, type WorkerSource } from './api.ts'
import { Origin, OriginFailed } from './origin.ts'

export { CacheShard }

/** How many seconds an answer of the origin is fresh. */
const FRESH = 300

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith('/api/')) return env.ASSETS.fetch(request)
    const started = Date.now()
    const api = new Api(env)
    const response = await api
      .answer(request.method, pathname.slice('/api/'.length).split('/'))
      .catch(failureOf)
    const source = response.headers.get(SOURCE_HEADER) ?? 'worker'
    response.headers.set('server-timing', `${source};dur=${Date.now() - started}`)
    return response
  },
} satisfies ExportedHandler<Env>

/** An answer of the origin with its time, so that each copy can compute its age. */
interface Said<T> {
  readonly value: T
  readonly at: number
}

interface Found<T> {
  readonly value: T
  readonly source: WorkerSource
  /** Seconds since the origin sent it. */
  readonly age: number
}

/** Created for each request, because bindings belong to their request. */
class Api {
  readonly #responses: AsyncCache
  /** Under a separate prefix, so that clearing the responses keeps the counts. */
  readonly #counters: AsyncCache
  readonly #origin: Origin

  constructor(env: Env) {
    const adapter = kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS })
    this.#responses = createCache({ adapter, keyPrefix: 'responses', timeout: FRESH })
    this.#counters = createCache({ adapter, keyPrefix: 'views', timeout: null })
    this.#origin = new Origin({ delay: Number(env.ORIGIN_DELAY_MS), down: env.ORIGIN_DOWN === 'true' })
  }

  async answer(method: string, [resource, code, part, ...more]: string[]): Promise<Response> {
    if (resource === 'cache' && code === undefined) {
      if (method !== 'DELETE') return notAllowed('DELETE')
      await this.#responses.aclear()
      return new Response(null, { status: 204 })
    }
    if (resource !== 'countries' || more.length > 0) return notFound('There is nothing at this address')
    if (code === undefined) return method === 'GET' ? this.#list() : notAllowed('GET')
    if (part !== undefined && part !== 'views') return notFound('There is nothing at this address')
    const methods = part === undefined ? ['GET'] : ['GET', 'POST']
    if (!methods.includes(method)) return notAllowed(methods.join(', '))
    if (!/^[A-Z]{3}$/.test(code)) return notFound(`"${code}" is not a country code`)
    const { value, source, age } = await this.#cached(code, () => this.#origin.country(code))
    if (value === null) return notFound(`There is no country ${code}`, source)
    if (part === undefined) return answer({ value, source, age })
    // The count is always at the edge. The header reports where the country was found.
    return answer<Views>({ value: { views: await this.#views(code, method) }, source, age: 0 })
  }

  async #list(): Promise<Response> {
    return answer(await this.#cached('list', () => this.#origin.list()))
  }

  #views(code: string, method: string): Promise<number> {
    return method === 'POST'
      ? this.#counters.aincr(code, 1, { initial: 0 })
      : this.#counters.aget<number>(code, { default: 0 })
  }

  async #cached<T>(key: string, load: () => Promise<T>): Promise<Found<T>> {
    let source: WorkerSource = 'edge'
    const { value, at } = await this.#responses.agetOrSet(key, async (): Promise<Said<T>> => {
      source = 'origin'
      return { value: await load(), at: Date.now() }
    })
    return { value, source, age: Math.max(0, Math.round((Date.now() - at) / 1000)) }
  }
}

function answer<T>({ value, source, age }: Found<T>): Response {
  // The page has its own cache. The browser's HTTP cache would hide where answers come from.
  const headers = { [SOURCE_HEADER]: source, age: `${age}`, 'cache-control': 'no-store' }
  return Response.json(value, { headers })
}

function notFound(reason: string, source?: WorkerSource): Response {
  return failure(404, reason, source === undefined ? {} : { [SOURCE_HEADER]: source })
}

function notAllowed(allow: string): Response {
  return failure(405, `Use ${allow}`, { allow })
}

/** Tells apart failures of the origin, of the cache and of this Worker. */
function failureOf(error: unknown): Response {
  if (error instanceof OriginFailed) return failure(502, error.message)
  console.error(error)
  return isCacheError(error) ? failure(503, 'The cache failed') : failure(500, 'The Worker failed')
}

function failure(status: number, error: string, headers: Record<string, string> = {}): Response {
  const body: ErrorBody = { error }
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

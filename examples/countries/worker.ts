import { CacheShard, kvAdapter } from '../../src/adapters/kv/index.ts'
import { type AsyncCache, createCache, isCacheError } from '../../src/index.ts'
import { SOURCE_HEADER, type Views, type WorkerSource } from './api.ts'
import { Origin } from './origin.ts'

export { CacheShard }

/** Seconds for which an answer of the origin is good. */
const FRESH = 300

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith('/api/')) return env.ASSETS.fetch(request)
    try {
      return await new Api(env).answer(request.method, pathname.slice('/api/'.length).split('/'))
    } catch (error) {
      const what = isCacheError(error) ? 'The cache failed' : 'The origin failed'
      return Response.json({ error: `${what}: ${String(error)}` }, { status: 502 })
    }
  },
} satisfies ExportedHandler<Env>

/** Made for each request: bindings belong to the request they came with. */
class Api {
  readonly #responses: AsyncCache
  /** Under a prefix of their own, so that clearing the responses loses no count. */
  readonly #counters: AsyncCache
  readonly #origin: Origin

  constructor(env: Env) {
    const adapter = kvAdapter({ shards: env.CACHE_SHARDS })
    this.#responses = createCache({ adapter, keyPrefix: 'responses', timeout: FRESH })
    this.#counters = createCache({ adapter, keyPrefix: 'views', timeout: null })
    this.#origin = new Origin(Number(env.ORIGIN_DELAY_MS))
  }

  async answer(method: string, [resource, code, part, ...more]: string[]): Promise<Response> {
    if (resource === 'cache' && code === undefined) {
      if (method !== 'DELETE') return notAllowed('DELETE')
      await this.#responses.aclear()
      return new Response(null, { status: 204 })
    }
    if (resource !== 'countries' || more.length > 0) return notFound('There is nothing at this address')
    if (code === undefined) return method === 'GET' ? this.#list() : notAllowed('GET')
    if (!/^[A-Z]{3}$/.test(code)) return notFound(`"${code}" is not a country code`)
    if (part === undefined) return method === 'GET' ? this.#country(code) : notAllowed('GET')
    if (part !== 'views') return notFound('There is nothing at this address')
    if (method === 'GET') return this.#views(code)
    return method === 'POST' ? this.#view(code) : notAllowed('GET, POST')
  }

  async #list(): Promise<Response> {
    const { value, source } = await this.#cached('list', () => this.#origin.list())
    return answer(value, source)
  }

  async #country(code: string): Promise<Response> {
    const { value, source } = await this.#cached(code, () => this.#origin.country(code))
    return value === null ? notFound(`There is no country ${code}`, source) : answer(value, source)
  }

  async #cached<T>(key: string, load: () => Promise<T>): Promise<{ value: T; source: WorkerSource }> {
    let source: WorkerSource = 'edge'
    const value = await this.#responses.agetOrSet(key, () => {
      source = 'origin'
      return load()
    })
    return { value, source }
  }

  async #views(code: string): Promise<Response> {
    const views = await this.#counters.aget<number>(code, { default: 0 })
    return answer({ views } satisfies Views, 'edge')
  }

  async #view(code: string): Promise<Response> {
    const views = await this.#counters.aincr(code, 1, { initial: 0 })
    return answer({ views } satisfies Views, 'edge')
  }
}

function answer(body: unknown, source: WorkerSource): Response {
  // The page keeps answers in its own cache; a browser's would hide where they come from.
  return Response.json(body, { headers: { [SOURCE_HEADER]: source, 'cache-control': 'no-store' } })
}

function notFound(error: string, source: WorkerSource = 'edge'): Response {
  return Response.json(
    { error },
    { status: 404, headers: { [SOURCE_HEADER]: source, 'cache-control': 'no-store' } },
  )
}

function notAllowed(allow: string): Response {
  return Response.json({ error: `Use ${allow}` }, { status: 405, headers: { allow } })
}

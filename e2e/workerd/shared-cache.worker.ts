import { env as bindings } from 'cloudflare:workers'
import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { type CacheKVNamespace, type CacheShardNamespace, kvAdapter } from '../../src/adapters/kv/index.ts'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { createCache } from '../../src/index.ts'

export { CacheShard }

interface Bindings {
  readonly CACHE_KV: CacheKVNamespace
  readonly CACHE_SHARDS: CacheShardNamespace
}

const env = bindings as unknown as Bindings

/** What waits for it has begun, and never ends unless its request is cancelled. */
let hanging = 0
async function hang(): Promise<never> {
  hanging += 1
  for (;;) await scheduler.wait(60_000)
}

/** While `hangs`, puts do. */
let hangs = false
const kv: CacheKVNamespace = {
  getWithMetadata: (keys: string, options: object) => env.CACHE_KV.getWithMetadata(keys, options as never),
  get: (key, options) => env.CACHE_KV.get(key, options),
  put: (key, value, options) => (hangs ? hang() : env.CACHE_KV.put(key, value, options)),
  delete: (key) => env.CACHE_KV.delete(key),
} as CacheKVNamespace

// All of it at module scope, where it is shared by all requests of the isolate.
const adapters = { kv: kvAdapter({ kv, shards: env.CACHE_SHARDS, shardCount: 2 }), memory: memoryAdapter() }
const caches = {
  kv: createCache({ adapter: adapters.kv }),
  memory: createCache({ adapter: adapters.memory }),
}

/** What came of storing at module scope, where there is no time. */
const stored: Readonly<Record<string, string>> = {
  'with a timeout': attempt(() => caches.memory.set('mortal', 1, 60)),
  'with the default timeout': attempt(() => caches.memory.set('mortal', 1)),
  'with no timeout': attempt(() => caches.memory.set('immortal', 1, null)),
  'that is dead': attempt(() => caches.memory.set('dead', 1, 0)),
}

function attempt(work: () => void): string {
  try {
    work()
    return 'done'
  } catch (error) {
    return String(error)
  }
}

const LARGE = 'x'.repeat(200_000)

/** `/kv/load/key`; with `?hang` what is done takes until its request is cancelled. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, place = '', method = '', key = ''] = pathname.split('/')
    if (place === 'stored') return Response.json({ ...stored, found: caches.memory.get('immortal') })
    if (place === 'hanging') return Response.json(hanging)
    const cache = caches[place as keyof typeof caches]
    const isHanging = searchParams.has('hang')
    hangs = isHanging
    switch (method) {
      case 'load':
        return Response.json(await cache.agetOrSet(key, () => (isHanging ? hang() : 'loaded')))
      case 'large': {
        const stored = cache.aset(key, LARGE)
        // What the same request asks for later comes after it.
        const read = await cache.aget<string>(key)
        await stored
        return Response.json(read?.length ?? null)
      }
      case 'incr':
        return Response.json(await cache.aincr(key).catch(() => null))
      case 'clear':
        await cache.aclear()
        return Response.json('cleared')
      case 'get':
        return Response.json((await cache.aget<string>(key, { fresh: true }))?.length ?? null)
      default:
        return new Response('Not found', { status: 404 })
    }
  },
}

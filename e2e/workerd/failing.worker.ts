import { DurableObject } from 'cloudflare:workers'
import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { type AnyDurableObjectNamespace, kvAdapter } from '../../src/adapters/kv/index.ts'
import { createCache } from '../../src/index.ts'

export { CacheShard }

/** SQLite refuses what it is asked to store. */
export class Refusing extends CacheShard {
  override commit(): never {
    this.ctx.storage.sql.exec('INSERT INTO entries (key) VALUES (NULL)')
    throw new Error('unreachable')
  }
}

/** Stores, and is gone before it has answered. */
export class Vanishing extends CacheShard {
  override commit(request: Parameters<CacheShard['commit']>[0]): never {
    super.commit(request)
    this.ctx.abort('Durable Object reset because its code was updated.')
    throw new Error('unreachable')
  }
}

/** Another class of the same Worker. */
export class Other extends DurableObject {}

/** Does what it is asked to a cache, `/aset`, and tells how it failed. */
export default {
  async fetch(
    request: Request,
    env: { readonly CACHE_SHARDS: AnyDurableObjectNamespace },
  ): Promise<Response> {
    const cache = createCache({ adapter: kvAdapter({ shards: env.CACHE_SHARDS, shardCount: 1 }) })
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      aget: () => cache.aget('key'),
      aset: () => cache.aset('key', 'value'),
      aincr: () => cache.aincr('key', 1, { initial: 0 }),
      aclear: () => cache.aclear(),
    }
    const call = calls[new URL(request.url).pathname.slice(1)]
    try {
      await call?.()
      return Response.json('done')
    } catch (error) {
      return Response.json((error as Error).message)
    }
  },
}

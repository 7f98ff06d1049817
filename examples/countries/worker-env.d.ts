declare namespace Cloudflare {
  interface Env {
    readonly ASSETS: Fetcher
    readonly CACHE_KV: KVNamespace
    readonly ORIGIN_DELAY_MS: string
    /** `'true'` makes the origin fail. Cached answers still work. */
    readonly ORIGIN_DOWN?: string
    readonly CACHE_SHARDS: DurableObjectNamespace<import('./worker.ts').CacheShard>
  }
  interface GlobalProps {
    mainModule: typeof import('./worker.ts')
  }
}

interface Env extends Cloudflare.Env {}

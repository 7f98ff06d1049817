import { env } from 'cloudflare:workers'
import { kvAdapter } from '../adapters/kv/index.ts'
import { adapterSuite } from './adapter-suite.ts'

adapterSuite({
  name: 'kv',
  createAdapter: () => kvAdapter({ shards: env.CACHE_SHARDS, name: crypto.randomUUID() }),
})

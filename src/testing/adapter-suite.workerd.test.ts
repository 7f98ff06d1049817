import { env } from 'cloudflare:workers'
import { kvAdapter } from '../adapters/kv/index.ts'
import { adapterSuite } from './adapter-suite.ts'

const bindings = { kv: env.CACHE_KV, shards: env.CACHE_SHARDS }

adapterSuite({
  name: 'kv',
  createAdapter: () => kvAdapter({ ...bindings, name: crypto.randomUUID() }),
})

adapterSuite({
  name: 'kv, read at the owners',
  createAdapter: () => kvAdapter({ ...bindings, reads: 'owner', name: crypto.randomUUID() }),
})

adapterSuite({
  name: 'kv, owners only',
  createAdapter: () => kvAdapter({ shards: env.CACHE_SHARDS, name: crypto.randomUUID() }),
})

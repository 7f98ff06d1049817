import { env } from 'cloudflare:workers'
import { kvAdapter } from '../../adapters/kv/index.ts'
import { modelSuite } from './model-suite.ts'
import { runs } from './runs.ts'

const create = () => kvAdapter({ shards: env.CACHE_SHARDS, name: crypto.randomUUID(), shardCount: 2 })

modelSuite({ name: 'kv', create, runs: runs(1_000) })

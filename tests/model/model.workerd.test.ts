import { env } from 'cloudflare:workers'
import { kvAdapter } from '../../src/adapters/kv/index.ts'
import { modelSuite } from './model-suite.ts'
import { runs } from './runs.ts'

const shards = env.CACHE_SHARDS
const create = () => kvAdapter({ kv: env.CACHE_KV, shards, name: crypto.randomUUID(), shardCount: 2 })
const createOwned = () => kvAdapter({ shards, name: crypto.randomUUID(), shardCount: 2 })

modelSuite({ name: 'kv', create, runs: runs(1_000) })
modelSuite({ name: 'kv, owners only', create: createOwned, runs: runs(300) })

import type { Supports } from '../../core/adapter.ts'
import type { Blobs } from './blobs.ts'
import type { IsolateMemory } from './isolate-memory.ts'
import type { ReplicaReader } from './replica-reader.ts'
import type { ShardClient } from './shard-client.ts'

/** What an edge adapter is made of. */
export interface EdgeParts {
  readonly supports: Supports
  readonly client: ShardClient
  /** Without it, every read goes to the owner. */
  readonly replicas: ReplicaReader | undefined
  /** Without KV there are no replicas, and nothing to remember for reading them. */
  readonly memory: IsolateMemory | undefined
  readonly blobs: Blobs
  /** The KV key that announces clears, if there is KV. */
  readonly clearsKey: string | undefined
}

import type {
  Adapter,
  Change,
  ClaimReply,
  ClaimRequest,
  Entry,
  Invalidation,
  Outcome,
  Supports,
  Wanted,
} from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { Batcher } from '../../core/batcher.ts'
import { EdgeClaims } from './edge-claims.ts'
import type { EdgeParts } from './edge-parts.ts'
import { type EdgeRead, EdgeReader } from './edge-reader.ts'
import { EdgeWriter } from './edge-writer.ts'
import { scopeName, tagName } from './invalidations.ts'
import type { ListKeysReply, ListKeysRequest } from './protocol.ts'
import { Sequence } from './sequence.ts'
import { waitUntil } from './wait-until.ts'

/** Batches the calls of one turn of the event loop, and keeps the order of those that take several steps. */
export class EdgeAdapter implements Adapter {
  readonly name = 'kv'
  readonly supports: Supports
  readonly readsClaims = true
  readonly waitUntil: (promise: Promise<unknown>) => void = waitUntil
  readonly #parts: EdgeParts
  readonly #reader: EdgeReader
  readonly #writer: EdgeWriter
  readonly #claims: EdgeClaims
  readonly #batcher = new Batcher<EdgeRead>({
    read: (reads) => this.#read(reads),
    commit: (commits) => this.#commit(commits),
  })
  /** Clears, uploads, batches of several calls, moves between owners: later calls of the same request wait for them. */
  readonly #sequence = new Sequence()

  constructor(parts: EdgeParts) {
    this.supports = parts.supports
    this.#parts = parts
    this.#claims = new EdgeClaims(parts)
    this.#reader = new EdgeReader(parts, this.#claims)
    this.#writer = new EdgeWriter(parts)
  }

  read(
    keys: readonly string[],
    now: number,
    wanted: Wanted,
    fresh = false,
    claim?: ClaimRequest,
  ): Promise<readonly (Entry | undefined)[]> {
    return this.#batcher.read({ keys, wanted, fresh, now, claim })
  }

  commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    return this.#batcher.commit({ changes: changes.map((change) => this.#claims.committing(change)), now })
  }

  claim(key: string, now: number, request: ClaimRequest): Promise<ClaimReply> {
    this.#batcher.start()
    return this.#claims.claim(key, now, request)
  }

  clear(scope: string): Promise<void> {
    this.#batcher.start()
    return this.#sequence.run(async () => {
      const { client, memory, clearsKey } = this.#parts
      const generation = await client.clear(scope, clearsKey)
      memory?.noteInvalidation(scopeName(scope), generation)
    })
  }

  deleteTags(tags: readonly string[], now: number, invalidation: Invalidation): Promise<void> {
    this.#batcher.start()
    return this.#sequence.run(async () => {
      const { client, memory, clearsKey } = this.#parts
      for (let at = 0; at < tags.length; at += MAX_TAGS_PER_CALL) {
        const some = tags.slice(at, at + MAX_TAGS_PER_CALL)
        const generation = await client.deleteTags(some, now, invalidation, clearsKey)
        for (const tag of some) memory?.noteInvalidation(tagName(tag, invalidation, now), generation)
      }
    })
  }

  async *listKeys(scope: string, now: number): AsyncGenerator<readonly string[], void, undefined> {
    this.#batcher.start()
    await this.#sequence.pending
    const { client } = this.#parts
    for (let shard = 0; shard < client.shardCount; shard += 1) {
      const request = { scope, limit: MAX_LISTED_ROWS, now }
      for (let next: ListKeysRequest | undefined = request; next !== undefined; ) {
        const { keys, after }: ListKeysReply = await client.listKeys(shard, next)
        yield keys
        next = after === undefined ? undefined : { ...request, after }
      }
    }
  }

  async close(): Promise<void> {}

  async #read(reads: readonly EdgeRead[]): Promise<Promise<(Entry | undefined)[]>[]> {
    const { pending } = this.#sequence
    if (pending !== undefined) await pending
    return this.#reader.read(reads)
  }

  async #commit(commits: readonly Commit[]): Promise<Promise<Outcome[]>[]> {
    const prepared = commits.flatMap(({ changes }) => changes.map((change) => this.#writer.prepare(change)))
    const commit = () => this.#writer.commit(commits, prepared)
    const isOneStep = this.#sequence.pending === undefined && !this.#writer.mayTakeSteps(prepared)
    return isOneStep ? commit() : this.#sequence.run(commit)
  }
}

/** In one call. */
const MAX_LISTED_ROWS = 1_000
/** Each takes a row. */
const MAX_TAGS_PER_CALL = 1_000

import type { Adapter, Change, Entry, Outcome, Wanted } from '../../core/adapter.ts'
import { isLive } from '../../core/decide.ts'
import type { StoredChange, StoredEntry } from './cache-shard.ts'
import { decode, encode, sizeOf } from './codec.ts'
import { MAX_VALUE_BYTES, SUPPORTS } from './limits.ts'
import { shardOf } from './sharding.ts'

export { CacheShard } from './cache-shard.ts'

/** A Durable Object namespace bound to {@link CacheShard}. */
export interface CacheShardNamespace {
  getByName(name: string): CacheShardStub
}

export interface CacheShardStub {
  read(keys: readonly string[], wanted: Wanted): Promise<(StoredEntry | null)[]>
  commit(changes: readonly StoredChange[], now: number): Promise<readonly Outcome[]>
  clear(scope: string): Promise<void>
}

export interface KVAdapterOptions {
  /** The Durable Object binding of {@link CacheShard}: `env.CACHE_SHARDS`. */
  readonly shards: CacheShardNamespace
  /** Keeps caches on one binding apart. Default `'default'`. */
  readonly name?: string | undefined
  /**
   * Among how many objects the keys are shared out. Default 8. Part of the objects' names: another count is another,
   * empty cache. One object takes some 200 to 500 writes a second.
   * https://developers.cloudflare.com/durable-objects/platform/limits/
   */
  readonly shardCount?: number | undefined
}

/**
 * Keeps entries at Cloudflare's edge, owned by Durable Objects: each key has one owner that reads, decides and writes
 * it in one turn, so every operation on a key is linearizable from anywhere, and acknowledged means durable.
 *
 * Make it where the bindings are, in the request; it holds nothing open. One call to each owner concerned per operation.
 * Different keys are atomic together only when they have the same owner; `aincrVersion` has, with the default key function.
 * Deadlines are made and judged by the calling Worker's clock (`createCache`'s `clock`): as exact as clocks agree.
 *
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { CacheShard, kvAdapter } from 'nearcache/kv'
 *
 * export { CacheShard }
 *
 * export default {
 *   async fetch(_request: Request, env: Env): Promise<Response> {
 *     const cache = createCache({ adapter: kvAdapter({ shards: env.CACHE_SHARDS }) })
 *     await cache.aadd('hits', 0, null)
 *     return Response.json({ hits: await cache.aincr('hits') })
 *   },
 * }
 * ```
 */
export function kvAdapter(options: KVAdapterOptions): Adapter {
  const { shards, name = 'default', shardCount = 8 } = options ?? {}
  if (typeof shards?.getByName !== 'function') {
    throw new TypeError(
      'kvAdapter needs the Durable Object binding of CacheShard: { shards: env.CACHE_SHARDS }',
    )
  }
  if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > MAX_SHARDS) {
    throw new RangeError(`shardCount must be an integer from 1 to ${MAX_SHARDS}: got ${shardCount}`)
  }
  return new KVAdapter(shards, name, shardCount)
}

/** `aclear` calls every shard, and a request on the free plan may make 50 calls. */
const MAX_SHARDS = 32

/** Part of the objects' names: an owner never meets a table of another layout. */
const LAYOUT = 'v1'

class KVAdapter implements Adapter {
  readonly name = 'kv'
  readonly supports = SUPPORTS
  readonly #shards: CacheShardNamespace
  readonly #name: string
  readonly #shardCount: number

  constructor(shards: CacheShardNamespace, name: string, shardCount: number) {
    this.#shards = shards
    this.#name = name
    this.#shardCount = shardCount
  }

  read(keys: readonly string[], _now: number, wanted: Wanted): Promise<(Entry | undefined)[]> {
    return this.#byShard(
      keys,
      (key) => key,
      async (stub, group) => (await stub.read(group, wanted)).map(decodeEntry),
    )
  }

  async commit(changes: readonly Change[], now: number): Promise<Outcome[]> {
    if (!changes.some((change) => this.#crossesShards(change))) return this.#commitWithinShards(changes, now)
    // A move between two owners cannot be part of either's batch: one after the other, in the order given.
    const outcomes: Outcome[] = []
    for (const change of changes) {
      outcomes.push(
        this.#crossesShards(change)
          ? await this.#moveAcross(change.key, change.op.to, now)
          : ((await this.#commitWithinShards([change], now))[0] as Outcome),
      )
    }
    return outcomes
  }

  async clear(scope: string): Promise<void> {
    const all = Array.from({ length: this.#shardCount }, (_, shard) => this.#stub(shard).clear(scope))
    await Promise.all(all)
  }

  async close(): Promise<void> {}

  async #commitWithinShards(changes: readonly Change[], now: number): Promise<Outcome[]> {
    const prepared = changes.map(prepare)
    const sent = prepared.flatMap(({ send }) => send ?? [])
    const answers = await this.#byShard(
      sent,
      ({ key }) => key,
      (stub, group) => stub.commit(group, now),
    )
    let next = 0
    return prepared.map(({ send, refusal }) => {
      const answer = send === undefined ? undefined : answers[next++]
      return refusal ?? decodeOutcome(answer as Outcome)
    })
  }

  /** Copied, then deleted: only a custom key function can bring a key's versions to different owners. */
  async #moveAcross(from: string, to: string, now: number): Promise<Outcome> {
    const [source, target] = [this.#stub(this.#shardOf(from)), this.#stub(this.#shardOf(to))]
    const [entry] = await source.read([from], 'value')
    if (!isLive(entry ?? undefined, now)) return { ok: false, reason: 'missing' }
    await target.commit([{ key: to, op: { kind: 'set', entry: entry as StoredEntry } }], now)
    await source.commit([{ key: from, op: { kind: 'delete' } }], now)
    return { ok: true }
  }

  #crossesShards(change: Change): change is Change & { readonly op: { readonly kind: 'move' } } {
    return change.op.kind === 'move' && this.#shardOf(change.key) !== this.#shardOf(change.op.to)
  }

  #shardOf(key: string): number {
    return shardOf(key, this.#shardCount)
  }

  #stub(shard: number): CacheShardStub {
    return this.#shards.getByName(`${this.#name}/${LAYOUT}/${this.#shardCount}/${shard}`)
  }

  /** One call to each shard concerned, all at once; the answers in the order of the items. */
  async #byShard<Item, Answer>(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    call: (stub: CacheShardStub, group: Item[]) => Promise<readonly Answer[]>,
  ): Promise<Answer[]> {
    const places = new Map<number, number[]>()
    for (const [place, item] of items.entries()) {
      const shard = this.#shardOf(keyOf(item))
      const group = places.get(shard)
      if (group === undefined) places.set(shard, [place])
      else group.push(place)
    }
    const answers: Answer[] = []
    await Promise.all(
      [...places].map(async ([shard, group]) => {
        const given = await call(
          this.#stub(shard),
          group.map((place) => items[place] as Item),
        )
        for (const [index, place] of group.entries()) answers[place] = given[index] as Answer
      }),
    )
    return answers
  }
}

interface Prepared {
  /** What its owner is to do. */
  readonly send: StoredChange | undefined
  /** The answer, where it does not depend on what the owner finds. */
  readonly refusal: Outcome | undefined
}

const TOO_LARGE: Outcome = { ok: false, reason: 'too-large' }

function prepare({ key, op }: Change): Prepared {
  if (op.kind !== 'set' && op.kind !== 'add') return { send: { key, op }, refusal: undefined }
  const value = encode(op.entry.value)
  if (sizeOf(value) > MAX_VALUE_BYTES) {
    // A set takes the old value with it: nobody shall read what its writer tried to replace.
    return { send: op.kind === 'set' ? { key, op: { kind: 'delete' } } : undefined, refusal: TOO_LARGE }
  }
  const entry = { value, expiresAt: op.entry.expiresAt }
  return { send: { key, op: { kind: op.kind, entry } }, refusal: undefined }
}

/** What `pop` took comes encoded; in a format of another time it is as good as missing. */
function decodeOutcome(outcome: Outcome): Outcome {
  if (!outcome.ok || outcome.entry === undefined) return outcome
  const entry = decodeEntry(outcome.entry as StoredEntry)
  return entry === undefined ? { ok: false, reason: 'missing' } : { ok: true, entry }
}

function decodeEntry(entry: StoredEntry | null): Entry | undefined {
  const decoded = entry === null ? undefined : decode(entry.value)
  return decoded && { value: decoded.value, expiresAt: entry?.expiresAt ?? null }
}

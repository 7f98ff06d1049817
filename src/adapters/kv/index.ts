import type { Adapter, Change, Entry, Outcome, Wanted } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { isLive } from '../../core/decide.ts'
import { checkBag } from '../../core/options.ts'
import { type Read, Turns } from '../../core/turns.ts'
import type { StoredChange, StoredEntry } from './cache-shard.ts'
import { decode, encode, sizeOf } from './codec.ts'
import { MAX_VALUE_BYTES, SUPPORTS } from './limits.ts'
import { type CacheShardNamespace, Owners, type OwnersOptions } from './owners.ts'

export { CacheShard } from './cache-shard.ts'
export type { CacheShardNamespace, CacheShardStub } from './owners.ts'

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
 * Make it where the bindings are, in the request; it holds nothing open. Operations of one turn of the event loop share one
 * call to each owner concerned, and each has an answer of its own.
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
  checkBag(options, ['shards', 'name', 'shardCount'], 'kvAdapter')
  const { shards, name = 'default', shardCount = 8 } = options
  if (typeof shards?.getByName !== 'function') {
    throw new TypeError(
      'kvAdapter needs the Durable Object binding of CacheShard: { shards: env.CACHE_SHARDS }',
    )
  }
  if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > MAX_SHARDS) {
    throw new RangeError(`shardCount must be an integer from 1 to ${MAX_SHARDS}: got ${shardCount}`)
  }
  return new KVAdapter({ shards, name, shardCount })
}

/** `aclear` calls every shard, and a request on the free plan may make 50 calls. */
const MAX_SHARDS = 32

class KVAdapter implements Adapter {
  readonly name = 'kv'
  readonly supports = SUPPORTS
  readonly #owners: Owners
  readonly #turns = new Turns({
    read: (reads) => this.#read(reads),
    commit: (commits) => this.#commit(commits),
  })

  constructor(options: OwnersOptions) {
    this.#owners = new Owners(options)
  }

  read(keys: readonly string[], _now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    return this.#turns.read({ keys, wanted })
  }

  commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    return this.#turns.commit({ changes, now })
  }

  async clear(scope: string): Promise<void> {
    this.#turns.start()
    await this.#owners.clear(scope)
  }

  async close(): Promise<void> {}

  /** Reads for all who ask, each key once; values only where anyone wants them. */
  async #read(reads: readonly Read[]): Promise<Promise<(Entry | undefined)[]>[]> {
    const whole = new Set(reads.flatMap(({ keys, wanted }) => (wanted === 'value' ? keys : [])))
    const present = new Set(reads.flatMap(({ keys }) => keys.filter((key) => !whole.has(key))))
    const found = new Map<string, PromiseSettledResult<StoredEntry | null | undefined>>()
    const ask = async (keys: readonly string[], wanted: Wanted): Promise<void> => {
      for (const [index, answer] of (await this.#owners.read(keys, wanted)).entries()) {
        found.set(keys[index] as string, answer)
      }
    }
    await Promise.all([ask([...whole], 'value'), ask([...present], 'presence')])
    // Decoded for each who asks: each gets an object of its own.
    return reads.map(async ({ keys }) =>
      keys.map((key) => decodeEntry(given(found.get(key) ?? NOT_ASKED) ?? null)),
    )
  }

  /** Commits for all who ask, in order; each who asked gets the outcomes of his own changes, or his own owner's failure. */
  async #commit(commits: readonly Commit[]): Promise<Promise<Outcome[]>[]> {
    // They are of one turn, in which no clock should have moved; if one did, the later reading is true for all.
    const now = Math.max(...commits.map((commit) => commit.now))
    const outcomes: PromiseSettledResult<Outcome>[] = []
    let within: Change[] = []
    for (const change of commits.flatMap(({ changes }) => changes)) {
      if (!this.#crossesOwners(change)) {
        within.push(change)
        continue
      }
      // A move between two owners cannot be part of either's batch.
      outcomes.push(...(await this.#commitWithinOwners(within, now)))
      within = []
      outcomes.push(...(await Promise.allSettled([this.#moveAcross(change.key, change.op.to, now)])))
    }
    outcomes.push(...(await this.#commitWithinOwners(within, now)))
    let next = 0
    return commits.map(async ({ changes }) => {
      next += changes.length
      return outcomes.slice(next - changes.length, next).map(given)
    })
  }

  async #commitWithinOwners(
    changes: readonly Change[],
    now: number,
  ): Promise<PromiseSettledResult<Outcome>[]> {
    const prepared = changes.map(prepare)
    const answers = await this.#owners.commit(
      prepared.flatMap(({ send }) => send ?? []),
      now,
    )
    let next = 0
    return prepared.map(({ send, refusal }) => {
      const answer = send === undefined ? NOT_ASKED : (answers[next++] ?? NOT_ASKED)
      if (refusal !== undefined && (send === undefined || answer.status === 'fulfilled')) {
        return { status: 'fulfilled', value: refusal }
      }
      return answer.status === 'fulfilled' ? { ...answer, value: decodeOutcome(answer.value) } : answer
    })
  }

  /** Copied, then deleted: only a custom key function can bring a key's versions to different owners. */
  async #moveAcross(from: string, to: string, now: number): Promise<Outcome> {
    const [read] = await this.#owners.read([from], 'value')
    const entry = given(read ?? NOT_ASKED) ?? undefined
    if (!isLive(entry, now)) return { ok: false, reason: 'missing' }
    for (const change of [
      { key: to, op: { kind: 'set', entry } },
      { key: from, op: { kind: 'delete' } },
    ] as const) {
      const [answer] = await this.#owners.commit([change], now)
      given(answer ?? NOT_ASKED)
    }
    return { ok: true }
  }

  #crossesOwners(change: Change): change is Change & { readonly op: { readonly kind: 'move' } } {
    return change.op.kind === 'move' && !this.#owners.haveSame(change.key, change.op.to)
  }
}

const NOT_ASKED: PromiseRejectedResult = {
  status: 'rejected',
  reason: new Error('The owner was not asked'),
}

/** What a settled promise gave: the value, or the failure thrown. */
function given<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
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

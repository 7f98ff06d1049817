import type { ClaimRequest, Invalidation, Wanted } from '../../core/adapter.ts'
import type { IsolateMemory } from './isolate-memory.ts'
import { ownerError, type Purpose } from './owner-errors.ts'
import { changeSize, countFitting, keySize } from './payload-size.ts'
import type {
  ClaimLoadReply,
  ClearReply,
  KeyClaim,
  ListKeysReply,
  ListKeysRequest,
  ReadRequest,
  Reply,
  Reserved,
  StoredChange,
  StoredEntry,
  StoredOutcome,
} from './protocol.ts'
import {
  type AnyDurableObjectNamespace,
  type CacheShardNamespace,
  type CacheShardStub,
  type LocationHint,
  stubOf,
} from './shard-namespace.ts'
import { objectName, shardOf } from './sharding.ts'

export interface ShardClientOptions {
  readonly shards: CacheShardNamespace | AnyDurableObjectNamespace
  readonly name: string
  readonly shardCount: number
  readonly locationHint: LocationHint | undefined
  /** Learns which storage each owner answers from. */
  readonly memory: IsolateMemory | undefined
}

/**
 * Calls the Durable Objects of a cache. A batch makes one call to each owner concerned, all at once, and each item gets the answer or
 * the failure of its own owner.
 */
export class ShardClient {
  readonly #options: ShardClientOptions
  readonly #stubs = new Map<number, CacheShardStub>()

  constructor(options: ShardClientOptions) {
    this.#options = options
  }

  shardOf(key: string): number {
    return shardOf(key, this.#options.shardCount)
  }

  read(
    keys: readonly string[],
    wanted: Wanted,
    { publish, claims, now }: OwnerReadOptions = {},
  ): Promise<PromiseSettledResult<StoredEntry | null>[]> {
    return this.#ask('read', keys, identity, async (stub, rest) => {
      const asked = rest.slice(0, countFitting(rest, keySize))
      let request: ReadRequest = { keys: asked, wanted }
      if (publish !== undefined) request = { ...request, publish }
      if (claims !== undefined && claims.size > 0 && now !== undefined) {
        const claimed = asked.flatMap((key) => keyClaim(key, claims.get(key), now))
        request = { ...request, claims: claimed, now }
      }
      const { entries, incarnation } = await stub.read(request)
      return { answers: entries, incarnation }
    })
  }

  /** Claims the load of a key. Repeated, it has the same effect. */
  claim(key: string, now: number, { token, milliseconds, ...rest }: ClaimRequest): Promise<ClaimLoadReply> {
    const request = { key, now, token, until: now + milliseconds, ...rest }
    return this.#call(this.shardOf(key), 'read', (stub) => stub.claim(request))
  }

  /** A portion of the keys of one shard. */
  listKeys(shard: number, request: ListKeysRequest): Promise<ListKeysReply> {
    return this.#call(shard, 'read', (stub) => stub.listKeys(request))
  }

  get shardCount(): number {
    return this.#options.shardCount
  }

  /** Returns false if the claim is gone. */
  async renew(key: string, token: number): Promise<boolean> {
    return (await this.#call(this.shardOf(key), 'read', (stub) => stub.renew({ key, token }))).isHeld
  }

  /** `onStored` is called for each change that was answered. A replica with this stamp or a later one includes the change. */
  commit(
    changes: readonly StoredChange[],
    now: number,
    onStored: (change: StoredChange, stamp: number) => void,
  ): Promise<PromiseSettledResult<StoredOutcome>[]> {
    return this.#ask('write', changes, keyOf, async (stub, rest) => {
      const asked = rest.slice(0, countFitting(rest, changeSize))
      const { outcomes, stamp, incarnation } = await stub.commit({ changes: asked, now })
      for (const change of asked.slice(0, outcomes.length)) onStored(change, stamp)
      return { answers: outcomes, incarnation }
    })
  }

  clear(scope: string, announce: string | undefined): Promise<number> {
    return this.#inAllShards(announce, (stub, numbers) => stub.clear({ scope, ...numbers }))
  }

  deleteTags(
    tags: readonly string[],
    now: number,
    invalidation: Invalidation,
    announce: string | undefined,
  ): Promise<number> {
    const request = { tags, now, invalidation }
    return this.#inAllShards(announce, (stub, numbers) => stub.deleteTags({ ...request, ...numbers }))
  }

  /** Clears or invalidates in every shard, with a generation that the first one assigns. `announce` is the KV key that tells readers. */
  async #inAllShards(
    announce: string | undefined,
    clear: (
      stub: CacheShardStub,
      numbers: { readonly generation?: number; readonly announce?: string },
    ) => Promise<ClearReply>,
  ): Promise<number> {
    const first = announce === undefined ? {} : { announce }
    const { generation } = await this.#call(0, 'clear', (stub) => clear(stub, first))
    const others = Array.from({ length: this.#options.shardCount - 1 }, (_, index) =>
      this.#call(index + 1, 'rest of a clear', (stub) => clear(stub, { generation })),
    )
    await Promise.all(others)
    return generation
  }

  reserve(blobs: readonly Reserved[]): Promise<PromiseSettledResult<Reserved>[]> {
    return this.#ask('read', blobs, keyOf, async (stub, rest) => {
      const { incarnation } = await stub.reserve({ blobs: rest })
      return { answers: rest, incarnation }
    })
  }

  /** `ask` may answer only the first of the items, and is then called again for the rest. */
  async #ask<Item, Answer>(
    purpose: Purpose,
    items: readonly Item[],
    keyOf: (item: Item) => string,
    ask: (stub: CacheShardStub, rest: readonly Item[]) => Promise<Answered<Answer>>,
  ): Promise<PromiseSettledResult<Answer>[]> {
    const placesByShard = new Map<number, number[]>()
    for (const [place, item] of items.entries()) {
      const shard = this.shardOf(keyOf(item))
      const places = placesByShard.get(shard)
      if (places === undefined) placesByShard.set(shard, [place])
      else places.push(place)
    }
    const answers: PromiseSettledResult<Answer>[] = []
    const askShard = async ([shard, places]: [number, number[]]): Promise<void> => {
      let answered = 0
      try {
        while (answered < places.length) {
          const rest = places.slice(answered).map((place) => items[place] as Item)
          const reply = await this.#call(shard, purpose, (stub) => ask(stub, rest))
          if (reply.answers.length === 0) throw new Error('The owner gave no answer')
          for (const value of reply.answers) {
            answers[places[answered++] as number] = { status: 'fulfilled', value }
          }
        }
      } catch (reason) {
        // The rest is not asked: items of one owner are done in order, or not at all.
        for (const place of places.slice(answered)) answers[place] = { status: 'rejected', reason }
      }
    }
    await Promise.all([...placesByShard].map(askShard))
    return answers
  }

  /** One call to one owner. Its failure says what is known about its effect. */
  async #call<R extends { readonly incarnation?: string | undefined }>(
    shard: number,
    purpose: Purpose,
    call: (stub: CacheShardStub) => Promise<R>,
    isRetry = false,
  ): Promise<R> {
    const stub = this.#stub(shard)
    try {
      const reply = await call(stub)
      this.#options.memory?.noteIncarnation(shard, reply.incarnation)
      return reply
    } catch (error) {
      const { retryable, overloaded } = error as Partial<Record<'retryable' | 'overloaded', boolean>>
      if (isRetry || !IDEMPOTENT.has(purpose) || retryable !== true || overloaded === true) {
        throw ownerError(error, typeof stub.commit === 'function', purpose)
      }
      // The stub is dead. https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
      this.#stubs.delete(shard)
      return this.#call(shard, purpose, call, true)
    }
  }

  /**
   * The same stub for all calls of one turn of the event loop, since only calls on one stub keep their order. Not for longer: a stub
   * belongs to the request that made it.
   */
  #stub(shard: number): CacheShardStub {
    let stub = this.#stubs.get(shard)
    if (stub === undefined) {
      if (this.#stubs.size === 0) queueMicrotask(() => this.#stubs.clear())
      const { shards, name, shardCount, locationHint } = this.#options
      stub = stubOf(shards, objectName(name, shardCount, shard), locationHint)
      this.#stubs.set(shard, stub)
    }
    return stub
  }
}

export interface OwnerReadOptions {
  /** The owner writes a replica of each entry found to KV, under a key with this prefix. */
  readonly publish?: string | undefined
  /** The loads to claim, by key. */
  readonly claims?: ReadonlyMap<string, ClaimRequest> | undefined
  /** Given with `claims`. */
  readonly now?: number
}

function keyClaim(key: string, claim: ClaimRequest | undefined, now: number): KeyClaim[] {
  return claim === undefined ? [] : [{ key, token: claim.token, until: now + claim.milliseconds }]
}

interface Answered<Answer> {
  readonly incarnation: Reply['incarnation'] | undefined
  readonly answers: readonly Answer[]
}

/** Not a write: repeated, even a set could undo what another caller wrote in between. A clear with a generation is done once. */
const IDEMPOTENT: ReadonlySet<Purpose> = new Set(['read', 'rest of a clear'])

const identity = (key: string): string => key
const keyOf = ({ key }: { readonly key: string }): string => key

/** The value of a settled promise. Throws its failure. */
export function settledValue<T>(result: PromiseSettledResult<T> | undefined): T {
  if (result?.status === 'fulfilled') return result.value
  throw result === undefined ? new Error('The owner was not asked') : result.reason
}

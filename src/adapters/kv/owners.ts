import type { Outcome, Wanted } from '../../core/adapter.ts'
import type { StoredChange, StoredEntry } from './cache-shard.ts'
import { sizeOf } from './codec.ts'
import { MAX_CALL_BYTES, MAX_VALUE_BYTES } from './limits.ts'
import { shardOf } from './sharding.ts'

/** A Durable Object namespace bound to `CacheShard`. */
export interface CacheShardNamespace {
  getByName(name: string): CacheShardStub
}

export interface CacheShardStub {
  read(keys: readonly string[], wanted: Wanted): Promise<(StoredEntry | null)[]>
  commit(changes: readonly StoredChange[], now: number): Promise<readonly Outcome[]>
  clear(scope: string): Promise<void>
}

export interface OwnersOptions {
  readonly shards: CacheShardNamespace
  readonly name: string
  readonly shardCount: number
}

/** Part of the objects' names: an owner never meets a table of another layout. */
const LAYOUT = 'v1'

/**
 * The Durable Objects of a cache, asked by key: one call to each owner concerned, all at once, and for each item the
 * answer or the failure of its own owner.
 */
export class Owners {
  readonly #options: OwnersOptions
  readonly #stubs = new Map<number, CacheShardStub>()

  constructor(options: OwnersOptions) {
    this.#options = options
  }

  haveSame(key: string, other: string): boolean {
    return this.#shardOf(key) === this.#shardOf(other)
  }

  read(
    keys: readonly string[],
    wanted: Wanted,
  ): Promise<PromiseSettledResult<StoredEntry | null | undefined>[]> {
    return this.#byOwner(
      keys,
      (key) => key,
      // An owner answers as many as one call can carry.
      (stub, rest) => stub.read(rest, wanted),
    )
  }

  commit(changes: readonly StoredChange[], now: number): Promise<PromiseSettledResult<Outcome>[]> {
    return this.#byOwner(
      changes,
      ({ key }) => key,
      (stub, rest) => stub.commit(rest.slice(0, fitting(rest)), now),
    )
  }

  async clear(scope: string): Promise<void> {
    const { shardCount } = this.#options
    await Promise.all(Array.from({ length: shardCount }, (_, shard) => this.#stub(shard).clear(scope)))
  }

  async #byOwner<Item, Answer>(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    call: (stub: CacheShardStub, rest: readonly Item[]) => Promise<readonly Answer[]>,
  ): Promise<PromiseSettledResult<Answer>[]> {
    const groups = new Map<number, number[]>()
    for (const [place, item] of items.entries()) {
      const shard = this.#shardOf(keyOf(item))
      const group = groups.get(shard)
      if (group === undefined) groups.set(shard, [place])
      else group.push(place)
    }
    const answers: PromiseSettledResult<Answer>[] = []
    const askOwner = async ([shard, places]: [number, number[]]): Promise<void> => {
      let asked = 0
      const stub = this.#stub(shard)
      try {
        while (asked < places.length) {
          const rest = places.slice(asked).map((place) => items[place] as Item)
          const given = await call(stub, rest)
          if (given.length === 0) throw new Error('The owner gave no answer')
          for (const value of given) answers[places[asked++] as number] = { status: 'fulfilled', value }
        }
      } catch (reason) {
        // What was not asked any more fails with it: in the order given, or not at all.
        for (const place of places.slice(asked)) answers[place] = { status: 'rejected', reason }
      }
    }
    await Promise.all([...groups].map(askOwner))
    return answers
  }

  #shardOf(key: string): number {
    return shardOf(key, this.#options.shardCount)
  }

  /**
   * The same for the calls of one turn, since calls keep their order only on one stub. No longer: it belongs to the request
   * it was made in, and after some failures it is dead.
   */
  #stub(shard: number): CacheShardStub {
    let stub = this.#stubs.get(shard)
    if (stub === undefined) {
      if (this.#stubs.size === 0) queueMicrotask(() => this.#stubs.clear())
      const { shards, name, shardCount } = this.#options
      stub = shards.getByName(`${name}/${LAYOUT}/${shardCount}/${shard}`)
      this.#stubs.set(shard, stub)
    }
    return stub
  }
}

/** How many of the changes one call can carry, there and back: at least one. */
function fitting(changes: readonly StoredChange[]): number {
  let bytes = 0
  const end = changes.findIndex(({ op }, index) => {
    if (op.kind === 'set' || op.kind === 'add') bytes += sizeOf(op.entry.value)
    if (op.kind === 'pop') bytes += MAX_VALUE_BYTES
    return index > 0 && bytes > MAX_CALL_BYTES
  })
  return end === -1 ? changes.length : end
}

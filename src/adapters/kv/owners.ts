import type { Wanted } from '../../core/adapter.ts'
import { changeSize, fitting, keySize } from './fitting.ts'
import { ownerError, type Purpose } from './owner-errors.ts'
import type { Reply, Reserved, StoredChange, StoredEntry, StoredOutcome } from './protocol.ts'
import {
  type AnyDurableObjectNamespace,
  type CacheShardNamespace,
  type CacheShardStub,
  type LocationHint,
  stubOf,
} from './shard-namespace.ts'
import { objectName, shardOf } from './sharding.ts'

export interface OwnersOptions {
  readonly shards: CacheShardNamespace | AnyDurableObjectNamespace
  readonly name: string
  readonly shardCount: number
  readonly locationHint: LocationHint | undefined
  /** Hears which storage an owner has answered from. */
  readonly onIncarnation?: (shard: number, incarnation: string | undefined) => void
}

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

  /** With `publish`, what is found shall have a copy in KV under that beginning of a key. */
  read(
    keys: readonly string[],
    wanted: Wanted,
    publish?: string,
  ): Promise<PromiseSettledResult<StoredEntry | null>[]> {
    return this.#byOwner(keys, (key) => key, {
      // An owner answers as many as one call can carry.
      async ask(stub, rest) {
        const asked = rest.slice(0, fitting(rest, keySize))
        const reply = await stub.read(
          publish === undefined ? { keys: asked, wanted } : { keys: asked, wanted, publish },
        )
        return { answers: reply.entries, reply }
      },
      isRepeatable: true,
      purpose: 'read',
    })
  }

  /** `onStored` hears of each change that was answered, with the stamp from which on a copy has it. */
  commit(
    changes: readonly StoredChange[],
    now: number,
    onStored: (change: StoredChange, stamp: number) => void,
  ): Promise<PromiseSettledResult<StoredOutcome>[]> {
    return this.#byOwner(changes, ({ key }) => key, {
      async ask(stub, rest) {
        const asked = rest.slice(0, fitting(rest, changeSize))
        const reply = await stub.commit({ changes: asked, now })
        const { outcomes, stamp } = reply
        for (const change of asked.slice(0, outcomes.length)) onStored(change, stamp)
        return { answers: outcomes, reply }
      },
      // Not even a set: done a second time, it would undo what another did in between.
      isRepeatable: false,
      purpose: 'write',
    })
  }

  /** Clears everywhere, with a number that the first owner gives out. `announce` is where it tells it in KV. */
  async clear(scope: string, announce: string | undefined): Promise<number> {
    const { shardCount } = this.#options
    const first = announce === undefined ? { scope } : { scope, announce }
    const { generation } = await this.#call(0, CLEAR, (stub) => stub.clear(first))
    const clearOne = (_: unknown, index: number) =>
      this.#call(index + 1, REST_OF_CLEAR, (stub) => stub.clear({ scope, generation }))
    await Promise.all(Array.from({ length: shardCount - 1 }, clearOne))
    return generation
  }

  reserve(blobs: readonly Reserved[]): Promise<PromiseSettledResult<Reserved>[]> {
    return this.#byOwner(blobs, ({ key }) => key, {
      async ask(stub, rest) {
        return { answers: rest, reply: await stub.reserve({ blobs: rest }) }
      },
      isRepeatable: true,
      purpose: 'read',
    })
  }

  async #byOwner<Item, Answer>(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    how: Asking<Item, Answer>,
  ): Promise<PromiseSettledResult<Answer>[]> {
    const [lone] = items
    if (lone !== undefined && items.length === 1) return [await this.#askOne(lone, keyOf(lone), how)]
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
      try {
        while (asked < places.length) {
          const rest = places.slice(asked).map((place) => items[place] as Item)
          const given = await this.#ask(shard, rest, how)
          if (given.length === 0) throw new Error(NO_ANSWER)
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

  /** Most calls are for one: without the grouping. */
  async #askOne<Item, Answer>(
    item: Item,
    key: string,
    how: Asking<Item, Answer>,
  ): Promise<PromiseSettledResult<Answer>> {
    try {
      const [value] = await this.#ask(this.#shardOf(key), [item], how)
      if (value === undefined) throw new Error(NO_ANSWER)
      return { status: 'fulfilled', value }
    } catch (reason) {
      return { status: 'rejected', reason }
    }
  }

  async #ask<Item, Answer>(
    shard: number,
    rest: readonly Item[],
    { ask, ...how }: Asking<Item, Answer>,
  ): Promise<readonly Answer[]> {
    let answers: readonly Answer[] = []
    await this.#call(shard, how, async (stub) => {
      const given = await ask(stub, rest)
      answers = given.answers
      return given.reply
    })
    return answers
  }

  /** One call to an owner, whose failure says what is known of it. */
  async #call<R extends Reply>(
    shard: number,
    { isRepeatable, purpose }: How,
    call: (stub: CacheShardStub) => Promise<R>,
  ): Promise<R> {
    for (let isFirst = true; ; isFirst = false) {
      const stub = this.#stub(shard)
      try {
        const reply = await call(stub)
        this.#options.onIncarnation?.(shard, reply.incarnation)
        return reply
      } catch (error) {
        const { retryable, overloaded } = error as Partial<Record<'retryable' | 'overloaded', boolean>>
        const isToBeRepeated = isRepeatable && isFirst && retryable === true && overloaded !== true
        if (!isToBeRepeated) {
          throw ownerError(error, typeof stub.commit === 'function', purpose)
        }
        // After such an error a stub is dead. https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
        this.#stubs.delete(shard)
      }
    }
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
      const { shards, name, shardCount, locationHint } = this.#options
      const object = objectName(name, shardCount, shard)
      stub = stubOf(shards, object, locationHint)
      this.#stubs.set(shard, stub)
    }
    return stub
  }
}

const NO_ANSWER = 'The owner gave no answer'

interface How {
  /** Whether asking twice comes to the same as once. */
  readonly isRepeatable: boolean
  readonly purpose: Purpose
}

const CLEAR: How = { isRepeatable: false, purpose: 'clear' }
/** With its number a clear is done once, however often it is asked for. */
const REST_OF_CLEAR: How = { isRepeatable: true, purpose: 'rest of a clear' }

interface Asking<Item, Answer> extends How {
  /** Asks for the first items of `rest`, as many as it likes. */
  ask(stub: CacheShardStub, rest: readonly Item[]): Promise<{ answers: readonly Answer[]; reply: Reply }>
}

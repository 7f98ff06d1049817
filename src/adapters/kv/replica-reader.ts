import type { ClaimRequest } from '../../core/adapter.ts'
import { withDeadline } from '../../core/deadline.ts'
import { isLive } from '../../core/operations.ts'
import type { IsolateMemory } from './isolate-memory.ts'
import { readMany, withCacheTtl } from './kv-reads.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { Stored, StoredEntry } from './protocol.ts'
import { entryOf, fitsKV, type ReplicaMetadata } from './replicas.ts'
import type { ShardClient } from './shard-client.ts'

export interface ReplicaReaderOptions {
  readonly kv: CacheKVNamespace
  /** The prefix of the KV keys of replicas. */
  readonly prefix: string
  /** The KV key of the announced clears and invalidated tags. */
  readonly clearsKey: string
  /** Seconds that a location caches what it read from KV. */
  readonly cacheTtl: number
  readonly memory: IsolateMemory
  readonly client: ShardClient
  /** Hears of failures of KV. The owner answers instead. */
  readonly onFault: (fault: unknown) => void
}

interface Doubted {
  readonly entry: StoredEntry
  readonly stamp: number
}

type Answer = PromiseSettledResult<StoredEntry | null>

/** Reads replicas from this location's KV, and asks the owners where there is none. It never writes to KV. */
export class ReplicaReader {
  readonly #options: ReplicaReaderOptions

  constructor(options: ReplicaReaderOptions) {
    this.#options = options
  }

  mayHaveReplica(key: string, now: number): boolean {
    const { memory, cacheTtl, prefix } = this.#options
    return memory.mayHaveReplica(key, now, cacheTtl * 1000) && fitsKV(prefix, key)
  }

  /** Answers in the order asked. What the owners answer is claimed, if it is not live. */
  async read(
    keys: readonly string[],
    now: number,
    claims?: ReadonlyMap<string, ClaimRequest>,
  ): Promise<Answer[]> {
    const { memory, client, prefix, onFault } = this.#options
    const answers = new Map<string, Answer>()
    const doubted = new Map<string, Doubted>()
    try {
      await this.#readReplicas(keys, now, answers, doubted)
    } catch (fault) {
      // While KV hangs, only the first read of a key waits for it.
      if (isTimeout(fault)) for (const key of keys) memory.noteAbsent(key, now)
      onFault(fault)
    }
    const missed = keys.filter((key) => !answers.has(key))
    const owned =
      missed.length === 0 ? [] : await client.read(missed, 'value', { publish: prefix, claims, now })
    for (const [index, answer] of owned.entries()) {
      const key = missed[index] as string
      answers.set(key, answer)
      const doubt = doubted.get(key)
      const isConfirmed =
        doubt !== undefined && answer.status === 'fulfilled' && isSame(doubt.entry, answer.value)
      if (isConfirmed) memory.noteConfirmed(key, doubt.stamp)
    }
    return keys.map((key) => answers.get(key) as Answer)
  }

  /**
   * Adds the entries of valid replicas to `answers`. A replica in `doubted` becomes valid once its owner gives the same entry: only
   * then is it known whether a write that failed is in it.
   */
  async #readReplicas(
    keys: readonly string[],
    now: number,
    answers: Map<string, Answer>,
    doubted: Map<string, Doubted>,
  ): Promise<void> {
    const { kv, prefix, cacheTtl, memory, client } = this.#options
    const names = keys.map((key) => prefix + key)
    const reads = Promise.all([readMany<ReplicaMetadata>(kv, names, cacheTtl), this.#learnInvalidations(now)])
    const [found] = await withDeadline(reads, KV_TIMEOUT_MS, timeoutError)
    for (const [index, key] of keys.entries()) {
      const { value = null, metadata = null } = found[index] ?? {}
      const replica = entryOf(value, metadata, now)
      const { stamp = 0, generation = 0, incarnation } = metadata ?? {}
      // The owner decides who loads a new value of what has become stale.
      const left = replica && memory.remainder(replica, generation)
      const entry = isLive(left, now) ? left : undefined
      const mayBeValid = entry !== undefined && !memory.isOfLostStorage(client.shardOf(key), incarnation)
      if (mayBeValid && memory.trusts(key, stamp, generation)) {
        answers.set(key, { status: 'fulfilled', value: entry })
      } else {
        memory.noteAbsent(key, now)
        if (mayBeValid && memory.isInDoubt(key, stamp, generation)) doubted.set(key, { entry, stamp })
      }
    }
  }

  async #learnInvalidations(now: number): Promise<void> {
    const { kv, clearsKey, cacheTtl, memory } = this.#options
    if (memory.areInvalidationsKnown(now, cacheTtl * 1000)) return
    const { value } = await withCacheTtl(kv, cacheTtl, (seconds) =>
      kv.getWithMetadata(clearsKey, { type: 'text', cacheTtl: seconds }),
    )
    const announced: Record<string, number> = value === null ? {} : JSON.parse(value)
    memory.noteAnnounced(new Map(Object.entries(announced)), now)
  }
}

/** How long to wait for KV before the owner is asked. A cold read takes a small part of it. */
const KV_TIMEOUT_MS = 2_000

function timeoutError(): unknown {
  return new DOMException(`KV did not answer within ${KV_TIMEOUT_MS / 1000} s`, 'TimeoutError')
}

function isTimeout(fault: unknown): boolean {
  return fault instanceof DOMException && fault.name === 'TimeoutError'
}

/** True if two encoded entries are equal, deadline included. */
function isSame(one: StoredEntry, other: StoredEntry | null): boolean {
  return one.expiresAt === other?.expiresAt && isSameValue(one.value, other.value)
}

function isSameValue(one: Stored, other: Stored): boolean {
  if (typeof one === 'number' || typeof other === 'number') return one === other
  if (one.format !== other.format || one.data.length !== other.data.length) return false
  if (typeof one.data === 'string' || typeof other.data === 'string') return one.data === other.data
  const bytes = other.data
  return one.data.every((byte, index) => byte === bytes[index])
}

import { withDeadline } from '../../core/deadline.ts'
import { withCacheTtl } from './cache-ttl.ts'
import { type CopyMetadata, entryOf, fits } from './copies.ts'
import type { Clears } from './generations.ts'
import type { IsolateMemory } from './isolate-memory.ts'
import type { CacheKVNamespace, KVValueWithMetadata } from './namespace.ts'
import type { StoredEntry } from './protocol.ts'
import { readAll } from './read-all.ts'
import { shardOf } from './sharding.ts'
import { isSame } from './stored-entry.ts'

export interface NearOptions {
  readonly kv: CacheKVNamespace
  /** What the KV keys of copies begin with. */
  readonly prefix: string
  /** The KV key under which the clears are told. */
  readonly clearsKey: string
  /** Seconds that a location keeps what it read. */
  readonly cacheTtl: number
  /** Among how many owners the keys are shared out. */
  readonly shardCount: number
  readonly memory: IsolateMemory
  /** Hears of KV failing: the owner answers instead. */
  readonly onFault: (fault: unknown) => void
}

/** What the copies in this location's KV say. */
export interface NearAnswers {
  /** The entries whose copies answer for them; the owners must answer for the others. */
  readonly entries: Map<string, StoredEntry>
  /** Of some others, the copies: they answer for them from now on if their owners say the same. */
  readonly inDoubt: Map<string, Doubted>
}

interface Doubted {
  readonly entry: StoredEntry
  readonly stamp: number
}

/** Answers from the copies in this location's KV. It never writes there, whatever it finds. */
export class NearReader {
  readonly #options: NearOptions

  constructor(options: NearOptions) {
    this.#options = options
  }

  mayHaveCopy(key: string, now: number): boolean {
    const { memory, cacheTtl, prefix } = this.#options
    return memory.mayHaveCopy(key, now, cacheTtl * 1000) && fits(prefix, key)
  }

  async read(keys: readonly string[], now: number): Promise<NearAnswers> {
    const { memory, onFault } = this.#options
    const entries = new Map<string, StoredEntry>()
    const inDoubt = new Map<string, Doubted>()
    try {
      const { kv, prefix, cacheTtl } = this.#options
      const names = keys.map((key) => prefix + key)
      const reads = Promise.all([readAll<CopyMetadata>(kv, names, cacheTtl), this.#learnClears(now)])
      const [found] = await withDeadline(reads, PATIENCE_MS, tooLate)
      for (const [index, key] of keys.entries()) {
        const { value, metadata } = found[index] ?? NOTHING
        const entry = entryOf(value, metadata, now)
        if (entry !== undefined && this.#isCurrent(key, metadata)) {
          entries.set(key, entry)
        } else {
          memory.noteAbsent(key, now)
          if (entry !== undefined && this.#isInDoubt(key, metadata)) {
            inDoubt.set(key, { entry, stamp: metadata?.stamp ?? 0 })
          }
        }
      }
    } catch (fault) {
      // While KV hangs, one read of a key is enough that waits for it.
      if (isTooLate(fault)) for (const key of keys) memory.noteAbsent(key, now)
      onFault(fault)
    }
    return { entries, inDoubt }
  }

  /** What the owner of a key has answered, after a copy of it was in doubt. */
  confirm(key: string, { entry, stamp }: Doubted, answer: StoredEntry | null): void {
    if (answer !== null && isSame(entry, answer)) this.#options.memory.noteConfirmed(key, stamp)
  }

  #isInDoubt(key: string, metadata: CopyMetadata | null): boolean {
    const { stamp = 0, generation = 0, incarnation } = metadata ?? {}
    const { memory, shardCount } = this.#options
    return (
      memory.isInDoubt(key, stamp, generation) &&
      !memory.isOfLostStorage(shardOf(key, shardCount), incarnation)
    )
  }

  #isCurrent(key: string, metadata: CopyMetadata | null): boolean {
    const { stamp = 0, generation = 0, incarnation } = metadata ?? {}
    const { memory, shardCount } = this.#options
    return (
      memory.trusts(key, stamp, generation) && !memory.isOfLostStorage(shardOf(key, shardCount), incarnation)
    )
  }

  async #learnClears(now: number): Promise<void> {
    const { kv, clearsKey, cacheTtl, memory } = this.#options
    if (memory.areClearsKnown(now, cacheTtl * 1000)) return
    const { value } = await withCacheTtl(kv, cacheTtl, (seconds) =>
      kv.getWithMetadata(clearsKey, { type: 'text', cacheTtl: seconds }),
    )
    const told: Record<string, number> = value === null ? {} : JSON.parse(value)
    memory.noteClears(new Map(Object.entries(told)) satisfies Clears, now)
  }
}

/** Milliseconds for which KV is waited for before the owner is asked: many times what a cold read takes. */
const PATIENCE_MS = 2_000

function tooLate(): unknown {
  return new DOMException(`KV did not answer within ${PATIENCE_MS / 1000} s`, 'TimeoutError')
}

function isTooLate(fault: unknown): boolean {
  return fault instanceof DOMException && fault.name === 'TimeoutError'
}

const NOTHING: KVValueWithMetadata<CopyMetadata> = { value: null, metadata: null }

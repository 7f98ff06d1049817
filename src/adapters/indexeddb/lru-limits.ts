import type { Entry, Outcome } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { checkLimits, type Limits } from '../../core/culling.ts'
import { isLive, operationOf } from '../../core/operations.ts'
import { checkBag } from '../../core/options.ts'
import { AccessLog } from './access-log.ts'
import type { EntryWriter, EvictionPolicy, RunTransaction } from './eviction-policy.ts'
import { LruWriter } from './lru-writer.ts'
import { NoLimits } from './no-limits.ts'
import { isQuotaExceeded } from './quota.ts'
import { removeLeastUsed, UnderQuota } from './under-quota.ts'

/** How much an adapter may store. */
export interface LruLimitsOptions {
  /** The number of entries at which a write first evicts others. Default `null`: no limit. */
  readonly maxEntries?: number | null | undefined
  /** About how many bytes keys and values may take together, estimated before encoding. Default `null`: no limit. */
  readonly maxBytes?: number | null | undefined
  /** An eviction removes one entry in `cullFrequency`, or all if it is 0. Default 3, as in Django. */
  readonly cullFrequency?: number | undefined
}

/**
 * Limits for an IndexedDB adapter. A write that finds it full evicts the least recently used entries, by the same rule as in
 * memory. So does a write that finds the origin's storage full, also without a limit of the adapter's own.
 *
 * The order of use and the totals are kept in the database. Tabs that share one should use the same limits.
 *
 * @throws {TypeError | RangeError} For an invalid option.
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { indexedDBAdapter, lruLimits } from 'nearcache/indexeddb'
 *
 * const adapter = indexedDBAdapter({ name: 'app', limits: lruLimits({ maxEntries: 5_000 }) })
 * const cache = createCache({ adapter })
 * await cache.aset('answer', 42)
 * await cache.aget('answer') // 42
 * ```
 */
export function lruLimits(options: LruLimitsOptions = {}): () => EvictionPolicy {
  checkBag(options, ['maxEntries', 'maxBytes', 'cullFrequency'], 'lruLimits')
  const { maxEntries = null, maxBytes = null, cullFrequency = 3 } = options
  const limits = checkLimits({ maxEntries, maxBytes, cullFrequency })
  return () => new LruPolicy(limits)
}

class LruPolicy implements EvictionPolicy {
  readonly writer: EntryWriter
  readonly underQuota: EntryWriter
  mayEvict = true
  readonly #log = new AccessLog()
  readonly #cullFrequency: number

  constructor(limits: Limits) {
    const isLimited = limits.maxEntries !== null || limits.maxBytes !== null
    this.writer = isLimited ? new LruWriter(limits, this.#log) : loggingWriter(this.#log)
    this.underQuota = new UnderQuota(this.writer)
    this.#cullFrequency = limits.cullFrequency
  }

  async evictFor(transaction: IDBTransaction, commit: Commit): Promise<boolean> {
    const isEvicted = await removeLeastUsed(
      transaction,
      this.underQuota,
      this.#log,
      this.#cullFrequency,
      commit,
    )
    // Evicting again for every write that finds no space even so would empty the cache.
    if (isEvicted) {
      transaction.addEventListener('complete', () => {
        this.mayEvict = false
      })
    }
    return isEvicted
  }

  committed(commits: readonly Commit[], outcomes: readonly (readonly Outcome[])[]): void {
    this.mayEvict ||= commits.some(({ changes }, commit) =>
      changes.some(({ op }, index) => outcomes[commit]?.[index]?.ok && operationOf(op).stores),
    )
  }

  noteReads(keys: readonly string[], entries: readonly (Entry | undefined)[], now: number): void {
    for (const [index, key] of keys.entries()) if (isLive(entries[index], now)) this.#log.note(key)
  }

  get isDirty(): boolean {
    return this.#log.size > 0
  }

  async flush(run: RunTransaction): Promise<void> {
    const taken = this.#log.take()
    try {
      await run((transaction) => this.#log.write(transaction, taken))
    } catch (error) {
      this.#log.putBack(taken)
      // Uses are only hints: a full storage is reported to those who write values.
      if (!isQuotaExceeded(error)) throw error
    }
  }
}

/** Writes without limits, and notes what is used, for the day when the storage is full. */
function loggingWriter(log: AccessLog): EntryWriter {
  const writer = new NoLimits()
  return {
    fits: () => true,
    prepare(transaction) {
      const write = writer.prepare(transaction)
      return (decision) => {
        for (const [key, operation] of decision.uses) if (operation.isUse) log.note(key)
        return write(decision)
      }
    },
    remove: (transaction, keys) => writer.remove(transaction, keys),
    clear: (transaction, range) => writer.clear(transaction, range),
  }
}

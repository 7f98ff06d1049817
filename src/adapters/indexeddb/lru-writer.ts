import type { Entry } from '../../core/adapter.ts'
import type { BatchDecision, Commit } from '../../core/batch.ts'
import { type Limits, share, wantsRoom } from '../../core/culling.ts'
import { isPlaceholder, keysOf } from '../../core/operations.ts'
import type { AccessLog } from './access-log.ts'
import { clearEntries, putEntry, removeEntries, UNREAD, Written } from './entries.ts'
import type { EntryWriter, WriteDecision } from './eviction-policy.ts'
import { deleteTotals } from './no-limits.ts'
import { result } from './requests.ts'
import type { Use } from './schema.ts'
import { UsageTotals, weigh } from './usage-totals.ts'

/**
 * Writes entries within limits, and evicts by the same rule as in memory. Uses, weights and totals are written in the same
 * transaction as the entries, so they are right across tabs and crashes.
 */
export class LruWriter implements EntryWriter {
  readonly #limits: Limits
  readonly #log: AccessLog
  /** What {@link fits} has weighed. */
  readonly #weights = new WeakMap<Entry, number>()

  constructor(limits: Limits, log: AccessLog) {
    this.#limits = limits
    this.#log = log
  }

  get #weighs(): boolean {
    return this.#limits.maxBytes !== null
  }

  fits(key: string, entry: Entry): boolean {
    const { maxBytes } = this.#limits
    if (maxBytes === null || entry.value === UNREAD) return true
    const weight = weigh(key, entry.value)
    this.#weights.set(entry, weight)
    return weight <= maxBytes
  }

  async prepare(transaction: IDBTransaction, commits: readonly Commit[]): Promise<WriteDecision> {
    const keys = [...new Set(commits.flatMap(({ changes }) => changes.flatMap(keysOf)))]
    const totals = await UsageTotals.open(transaction, keys, this.#weighs, this.#log)
    return (decision) => this.#write(transaction, totals, decision)
  }

  async #write(
    transaction: IDBTransaction,
    totals: UsageTotals,
    { writes, uses: all }: BatchDecision,
  ): Promise<Written> {
    const { maxBytes, cullFrequency } = this.#limits
    // A claim of a key that has no entry is neither counted nor evicted.
    const uses = new Map(all)
    for (const [key, entry] of writes) if (entry !== undefined && isPlaceholder(entry)) uses.delete(key)
    const written = new Written()
    const evict = async (keys: Iterable<string>): Promise<void> => {
      for (const key of keys) written.evicted.add(key)
      await this.#removeAll(transaction, totals, keys)
    }
    const deleted = [...writes.keys()].filter((key) => !uses.has(key))
    await this.#removeAll(transaction, totals, deleted)
    await evict(await this.#leaving(transaction, totals, uses))
    const used = new Map<string, number>()
    for (const [key, operation] of uses) if (operation.isUse) used.set(key, this.#log.next())
    for (const [key, entry] of writes) {
      if (entry === undefined || written.evicted.has(key)) continue
      if (!putEntry(transaction, key, entry, written)) totals.remove(key)
      else if (uses.has(key)) totals.put(key, this.#weightOf(key, entry), used.get(key))
    }
    while (maxBytes !== null && totals.bytes > maxBytes) {
      // The last entry that was written stays.
      const count = Math.max(Math.min(share(totals.entries, cullFrequency), totals.entries - 1), 1)
      const least = await this.#leastUsed(transaction, totals, count)
      await evict(least)
      // A tab without these limits has removed some of what was counted. The next write counts again.
      if (least.length === 0) totals.bytes = 0
    }
    totals.write()
    return written
  }

  /** 0 if there is no limit of bytes, `undefined` if the value stays as it is. */
  #weightOf(key: string, entry: Entry): number | undefined {
    if (!this.#weighs) return 0
    if (entry.value === UNREAD) return undefined
    return this.#weights.get(entry) ?? weigh(key, entry.value)
  }

  /** The keys that are evicted by `maxEntries`, as if the entries were written one after another. */
  async #leaving(
    transaction: IDBTransaction,
    totals: UsageTotals,
    uses: BatchDecision['uses'],
  ): Promise<ReadonlySet<string>> {
    const { maxEntries, cullFrequency } = this.#limits
    const leaving = new Set<string>()
    if (maxEntries === null) return leaving
    let size = totals.entries
    let isFull = false
    for (const [key, operation] of uses) {
      const isThere = totals.has(key)
      isFull ||= size >= maxEntries && wantsRoom(operation, isThere)
      if (!isThere) size += 1
    }
    if (!isFull) return leaving
    const staying = new Set(await this.#leastUsed(transaction, totals))
    for (const [key, operation] of uses) {
      if (staying.size >= maxEntries && wantsRoom(operation, staying.has(key))) {
        let count = share(staying.size, cullFrequency)
        for (const least of staying) {
          if (count === 0) break
          count -= 1
          staying.delete(least)
          leaving.add(least)
        }
      }
      if (!operation.isUse) continue
      leaving.delete(key)
      staying.delete(key)
      staying.add(key)
    }
    return leaving
  }

  /** The least recently used keys, in that order: `count` of them, or all. */
  async #leastUsed(transaction: IDBTransaction, totals: UsageTotals, count?: number): Promise<string[]> {
    if (this.#log.size > 0) {
      const taken = this.#log.take()
      transaction.addEventListener('abort', () => this.#log.putBack(taken))
      totals.used = Math.max(totals.used, await this.#log.write(transaction, taken))
    }
    const keys = transaction.objectStore('uses').index('used').getAllKeys(null, count)
    return (await result(keys)) as string[]
  }

  async remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
    const totals = await UsageTotals.open(transaction, [], this.#weighs, this.#log)
    await this.#removeAll(transaction, totals, keys)
    totals.write()
  }

  async #removeAll(transaction: IDBTransaction, totals: UsageTotals, all: Iterable<string>): Promise<void> {
    const keys = [...all]
    await totals.load(keys)
    await removeEntries(transaction, keys)
    for (const key of keys) totals.remove(key)
  }

  async clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void> {
    if (range === undefined) {
      deleteTotals(transaction)
      return clearEntries(transaction, range)
    }
    const totals = await UsageTotals.open(transaction, [], this.#weighs, this.#log)
    const leaving: Use[] = await result(transaction.objectStore('uses').getAll(range))
    totals.entries -= leaving.length
    for (const { bytes = 0 } of leaving) totals.bytes -= bytes
    clearEntries(transaction, range)
    totals.write()
  }
}

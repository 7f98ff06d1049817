import type { Entry } from '../../core/adapter.ts'
import type { BatchDecision } from '../../core/batch.ts'
import { type Limits, share, wantsRoom } from '../../core/culling.ts'
import { UNREAD } from './entries.ts'
import { clearStores, drop, type Keeping, put, type Write, Written } from './keeping.ts'
import { forgetTotals, Ledger, weightOf } from './ledger.ts'
import { result } from './requests.ts'
import type { Use } from './schema.ts'
import type { Notes } from './uses.ts'

/**
 * Entries within limits, culled by the same rule as in memory. Use, weight and totals are written with the entries, in
 * the same transaction, so that they hold across tabs and crashes.
 */
export class Bounded implements Keeping {
  readonly #limits: Limits
  readonly #notes: Notes
  /** What {@link fits} has weighed. */
  readonly #weights = new WeakMap<Entry, number>()

  constructor(limits: Limits, notes: Notes) {
    this.#limits = limits
    this.#notes = notes
  }

  get #weighs(): boolean {
    return this.#limits.maxBytes !== null
  }

  fits(key: string, entry: Entry): boolean {
    const { maxBytes } = this.#limits
    if (maxBytes === null || entry.value === UNREAD) return true
    const weight = weightOf(key, entry.value)
    this.#weights.set(entry, weight)
    return weight <= maxBytes
  }

  async prepare(transaction: IDBTransaction, keys: readonly string[]): Promise<Write> {
    const ledger = await Ledger.open(transaction, keys, this.#weighs, this.#notes)
    return (decision) => this.#write(transaction, ledger, decision)
  }

  async #write(
    transaction: IDBTransaction,
    ledger: Ledger,
    { writes, uses }: BatchDecision,
  ): Promise<Written> {
    const { maxBytes, cullFrequency } = this.#limits
    const written = new Written()
    const deleted = [...writes.keys()].filter((key) => !uses.has(key))
    await this.#removeAll(transaction, ledger, deleted)
    const leaving = await this.#leaving(transaction, ledger, uses)
    await this.#removeAll(transaction, ledger, leaving)
    for (const key of leaving) written.evicted.add(key)
    const used = new Map<string, number>()
    for (const [key, operation] of uses) if (operation.isUse) used.set(key, this.#notes.next())
    for (const [key, entry] of writes) {
      if (entry === undefined || written.evicted.has(key)) continue
      if (put(transaction, key, entry, written)) ledger.put(key, this.#bytesOf(key, entry), used.get(key))
      else ledger.remove(key)
    }
    while (maxBytes !== null && ledger.bytes > maxBytes) {
      // What was written last stays.
      const count = Math.max(Math.min(share(ledger.entries, cullFrequency), ledger.entries - 1), 1)
      const least = await this.#leastUsed(transaction, ledger, count)
      await this.#removeAll(transaction, ledger, least)
      for (const key of least) written.evicted.add(key)
      // Less is there than was counted: by a tab without these limits. The next write counts anew.
      if (least.length === 0) ledger.bytes = 0
    }
    ledger.write()
    return written
  }

  /** 0 where nobody asks what an entry weighs, and `undefined` where its value stays as it is. */
  #bytesOf(key: string, entry: Entry): number | undefined {
    if (!this.#weighs) return 0
    if (entry.value === UNREAD) return undefined
    return this.#weights.get(entry) ?? weightOf(key, entry.value)
  }

  /** What has left when all is written: as if one were written after the other, each making room first where it finds none. */
  async #leaving(
    transaction: IDBTransaction,
    ledger: Ledger,
    uses: BatchDecision['uses'],
  ): Promise<ReadonlySet<string>> {
    const { maxEntries, cullFrequency } = this.#limits
    const leaving = new Set<string>()
    if (maxEntries === null) return leaving
    let size = ledger.entries
    let isFull = false
    for (const [key, operation] of uses) {
      const isThere = ledger.has(key)
      isFull ||= size >= maxEntries && wantsRoom(operation, isThere)
      if (!isThere) size += 1
    }
    if (!isFull) return leaving
    const staying = new Set(await this.#leastUsed(transaction, ledger))
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

  /** The keys that were used longest ago, in that order: as many as are asked for, or all. */
  async #leastUsed(transaction: IDBTransaction, ledger: Ledger, count?: number): Promise<string[]> {
    if (this.#notes.size > 0) {
      const taken = this.#notes.take()
      transaction.addEventListener('abort', () => this.#notes.putBack(taken))
      ledger.used = Math.max(ledger.used, await this.#notes.write(transaction, taken))
    }
    const keys = transaction.objectStore('uses').index('used').getAllKeys(null, count)
    return (await result(keys)) as string[]
  }

  async remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
    const ledger = await Ledger.open(transaction, [], this.#weighs, this.#notes)
    await this.#removeAll(transaction, ledger, keys)
    ledger.write()
  }

  async #removeAll(transaction: IDBTransaction, ledger: Ledger, all: Iterable<string>): Promise<void> {
    const keys = [...all]
    await ledger.know(keys)
    for (const key of keys) {
      drop(transaction, key)
      ledger.remove(key)
    }
  }

  async clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void> {
    if (range === undefined) {
      forgetTotals(transaction)
      return clearStores(transaction, range)
    }
    const ledger = await Ledger.open(transaction, [], this.#weighs, this.#notes)
    const leaving: Use[] = await result(transaction.objectStore('uses').getAll(range))
    ledger.entries -= leaving.length
    for (const { bytes = 0 } of leaving) ledger.bytes -= bytes
    clearStores(transaction, range)
    ledger.write()
  }
}

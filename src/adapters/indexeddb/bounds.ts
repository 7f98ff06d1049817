import type { BatchDecision } from '../../core/batch.ts'
import { type Limits, share, wantsRoom } from '../../core/culling.ts'
import { UNREAD } from './entries.ts'
import { drop, isPut, type Keeping, type Write } from './keeping.ts'
import { Ledger, weightOf } from './ledger.ts'
import { result } from './requests.ts'
import type { Store, Use } from './schema.ts'
import { type Notes, writeNotes } from './uses.ts'

/**
 * Entries within limits, culled by the same rule as in memory. Use, weight and totals are written with the entries, in
 * the same transaction, so that they hold across tabs and crashes.
 */
export class Bounded implements Keeping {
  readonly stores: Store[] = ['entries', 'values', 'uses', 'totals']
  readonly #limits: Limits
  readonly #notes: Notes

  constructor(limits: Limits, notes: Notes) {
    this.#limits = limits
    this.#notes = notes
  }

  get #weighs(): boolean {
    return this.#limits.maxBytes !== null
  }

  async prepare(transaction: IDBTransaction, keys: readonly string[]): Promise<Write> {
    const ledger = await Ledger.open(transaction, keys, this.#weighs)
    return (decision, now) => this.#write(transaction, ledger, decision, now)
  }

  async #write(
    transaction: IDBTransaction,
    ledger: Ledger,
    { writes, uses }: BatchDecision,
    now: number,
  ): Promise<ReadonlySet<string>> {
    const { maxEntries, maxBytes, cullFrequency } = this.#limits
    let excess = 0
    let isFirst = true
    let size = ledger.entries
    for (const [key, why] of uses) {
      if (maxEntries !== null && size >= maxEntries && wantsRoom(why, ledger.has(key))) {
        const leaving = share(size, cullFrequency)
        // Only the first write can find old entries in its way; what the later ones drop is least used at the end, too.
        if (isFirst) await this.#cull(transaction, ledger, leaving)
        else excess += leaving
        size -= leaving
      }
      isFirst = false
      if (!ledger.has(key)) size += 1
    }
    const refused = this.#putAll(transaction, ledger, { writes, uses }, now)
    if (excess > 0) await this.#cull(transaction, ledger, excess)
    while (maxBytes !== null && ledger.bytes > maxBytes && ledger.entries > 0) {
      await this.#cull(transaction, ledger, Math.max(share(ledger.entries, cullFrequency), 1))
    }
    ledger.write()
    return refused
  }

  #putAll(
    transaction: IDBTransaction,
    ledger: Ledger,
    { writes, uses }: Pick<BatchDecision, 'writes' | 'uses'>,
    now: number,
  ): ReadonlySet<string> {
    const refused = new Set<string>()
    const stamps = new Map<string, number>()
    for (const [key, why] of uses) if (why !== 'touch') stamps.set(key, this.#notes.stamp(now))
    for (const [key, entry] of writes) {
      // A large value that was only touched, and culled since: there is nothing left to touch.
      const isGone = entry?.value === UNREAD && !ledger.has(key)
      if (entry === undefined || isGone) {
        drop(transaction, key)
        ledger.remove(key)
      } else if (isPut(transaction, key, entry)) {
        const bytes = this.#weighs && entry.value !== UNREAD ? weightOf(key, entry.value) : undefined
        if ((bytes ?? 0) <= (this.#limits.maxBytes ?? Number.POSITIVE_INFINITY)) {
          const used = stamps.get(key)
          const isWritten = ledger.put(key, bytes, used)
          if (!isWritten && used !== undefined) this.#notes.keep(key, used)
        } else {
          // It weighs more than all may: nothing is dropped for it.
          drop(transaction, key)
          ledger.remove(key)
        }
      } else {
        refused.add(key)
        ledger.remove(key)
      }
    }
    return refused
  }

  /** Drops the `count` least recently used. */
  async #cull(transaction: IDBTransaction, ledger: Ledger, count: number): Promise<void> {
    if (count <= 0) return
    if (this.#notes.size > 0) await writeNotes(transaction, this.#notes.take())
    const keys = transaction.objectStore('uses').index('used').getAllKeys(null, count)
    await this.#removeAll(transaction, ledger, (await result(keys)) as string[])
  }

  async remove(transaction: IDBTransaction, keys: readonly string[]): Promise<void> {
    const ledger = await Ledger.open(transaction, [], this.#weighs)
    await this.#removeAll(transaction, ledger, keys)
    ledger.write()
  }

  async #removeAll(transaction: IDBTransaction, ledger: Ledger, keys: readonly string[]): Promise<void> {
    await ledger.know(keys)
    for (const key of keys) {
      drop(transaction, key)
      ledger.remove(key)
    }
  }

  async clear(transaction: IDBTransaction, range: IDBKeyRange | undefined): Promise<void> {
    if (range === undefined) {
      for (const name of this.stores) transaction.objectStore(name).clear()
      return
    }
    const ledger = await Ledger.open(transaction, [], this.#weighs)
    const leaving: Use[] = await result(transaction.objectStore('uses').getAll(range))
    for (const name of ['entries', 'values', 'uses']) transaction.objectStore(name).delete(range)
    ledger.write(leaving)
  }
}

import type { Adapter, Change, Entry, Outcome, Wanted } from './adapter.ts'
import type { Contract } from './contract.ts'
import { isLive } from './decide.ts'
import { isCacheError } from './errors.ts'
import { Flights } from './flight.ts'
import { failed } from './outcomes.ts'

/** An adapter as a cache uses it: expired entries filtered, failures typed, running loads told of every write. */
export class Store {
  readonly flights: Flights<unknown>
  readonly #adapter: Adapter
  readonly #now: () => number
  readonly #onError: Contract['onError']

  constructor({ adapter, now, onError }: Contract) {
    this.#adapter = adapter
    this.#now = now
    this.#onError = onError
    this.flights = flightsOf(adapter)
  }

  async readLive(storedKey: string, wanted?: Wanted, fresh?: boolean): Promise<Entry | undefined> {
    return (await this.read([storedKey], wanted, fresh))[0]
  }

  async read(
    storedKeys: readonly string[],
    wanted: Wanted = 'value',
    fresh = false,
  ): Promise<(Entry | undefined)[]> {
    if (storedKeys.length === 0) return []
    const now = this.#now()
    let entries: readonly (Entry | undefined)[]
    try {
      entries = await this.#adapter.read(storedKeys, now, wanted, fresh)
    } catch (cause) {
      endure(failed(this.#adapter, `read ${count(storedKeys)}`, cause), this.#onError)
      return storedKeys.map(() => undefined)
    }
    return entries.map((entry) => (isLive(entry, now) ? entry : undefined))
  }

  async commitOne(change: Change, now: number): Promise<Outcome | undefined> {
    return (await this.commit([change], now))[0]
  }

  /** Commits what a caller asked for: a load of the same key that is still running has been overtaken. */
  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    supersedeAll(this.flights, changes)
    return this.commitLoaded(changes, now)
  }

  /** Commits the result of a load, which overtakes nobody. */
  async commitLoaded(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    if (changes.length === 0) return []
    try {
      return await this.#adapter.commit(changes, now)
    } catch (cause) {
      throw failed(this.#adapter, `write ${count(changes)}`, cause)
    }
  }

  async clear(scope: string): Promise<void> {
    this.flights.supersedeScope(scope)
    try {
      await this.#adapter.clear(scope)
    } catch (cause) {
      throw failed(this.#adapter, 'clear', cause)
    }
  }

  async close(): Promise<void> {
    try {
      await this.#adapter.close()
    } catch (cause) {
      throw failed(this.#adapter, 'close', cause)
    }
  }
}

/** Throws a failure, unless the cache's own policy makes a miss of it. */
export function endure(error: unknown, onError: Contract['onError']): void {
  const isOutage = isCacheError(error, 'ADAPTER_FAILED') || isCacheError(error, 'QUOTA_EXCEEDED')
  if (!isOutage || onError(error) !== 'miss') throw error
}

/** Shared by all caches on one adapter, so that each sees the other's writes overtake its loads. */
const flightsByAdapter = new WeakMap<Adapter, Flights<unknown>>()

export function flightsOf(adapter: Adapter): Flights<unknown> {
  let flights = flightsByAdapter.get(adapter)
  if (flights === undefined) {
    flights = new Flights()
    flightsByAdapter.set(adapter, flights)
  }
  return flights
}

export function supersedeAll(flights: Flights<unknown>, changes: readonly Change[]): void {
  if (flights.size === 0) return
  for (const { key, op } of changes) {
    flights.supersede(key)
    if (op.kind === 'move') flights.supersede(op.to)
  }
}

/** "1 key", "2 keys", for a message. */
export function count(items: readonly unknown[]): string {
  return items.length === 1 ? '1 key' : `${items.length} keys`
}

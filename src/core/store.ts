import type { Adapter, Change, Entry, Outcome, SyncAdapter, Wanted } from './adapter.ts'
import type { Contract } from './contract.ts'
import { Deadlines } from './deadline.ts'
import { isCacheError } from './errors.ts'
import { Flights } from './flight.ts'
import { isLive } from './liveness.ts'
import { failed } from './outcomes.ts'

/** An adapter as a cache uses it: expired entries filtered, failures typed, waits bounded, running loads told of every change. */
export class Store {
  readonly flights: Flights<unknown>
  readonly #adapter: Adapter
  readonly #now: () => number
  readonly #onError: Contract['onError']
  /** None: no wait is bounded. */
  readonly #deadlines: Deadlines | undefined
  readonly #operationTimeout: number | null

  constructor({ adapter, now, onError, operationTimeout }: Contract) {
    this.#adapter = adapter
    this.#now = now
    this.#onError = onError
    this.#operationTimeout = operationTimeout
    // An adapter that answers at once needs no timers.
    if (operationTimeout !== null && operationTimeout !== Number.POSITIVE_INFINITY && !isSync(adapter))
      this.#deadlines = new Deadlines(operationTimeout * 1000)
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
      entries = await this.#bounded(this.#adapter.read(storedKeys, now, wanted, fresh))
    } catch (cause) {
      endure(failed(this.#adapter, `read ${count(storedKeys)}`, cause), this.#onError)
      return storedKeys.map(() => undefined)
    }
    return entries.map((entry) => (isLive(entry, now) ? entry : undefined))
  }

  async commitOne(change: Change, now: number): Promise<Outcome | undefined> {
    return (await this.commit([change], now))[0]
  }

  /** Commits what a caller asked for: by its outcomes, loads of the same keys that are still running are superseded. */
  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    const pending = this.flights.begin(changes, now)
    if (pending === undefined) return this.commitLoaded(changes, now)
    let outcomes: readonly Outcome[] | undefined
    try {
      outcomes = await this.commitLoaded(changes, now)
      return outcomes
    } finally {
      pending.end(outcomes)
    }
  }

  /** Commits the result of a load, which supersedes nobody. */
  async commitLoaded(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    if (changes.length === 0) return []
    try {
      return await this.#bounded(this.#adapter.commit(changes, now), MAY_STILL_HAPPEN)
    } catch (cause) {
      throw failed(this.#adapter, `write ${count(changes)}`, cause)
    }
  }

  async clear(scope: string): Promise<void> {
    const pending = this.flights.beginClear(scope)
    try {
      await this.#bounded(this.#adapter.clear(scope), MAY_STILL_HAPPEN)
    } catch (cause) {
      throw failed(this.#adapter, 'clear', cause)
    } finally {
      pending?.end()
    }
  }

  async close(): Promise<void> {
    try {
      await this.#bounded(this.#adapter.close(), MAY_STILL_HAPPEN)
    } catch (cause) {
      throw failed(this.#adapter, 'close', cause)
    }
  }

  /** The answer of the adapter, which was asked already: what it fails with by itself is not to be hidden by a timer. */
  #bounded<T>(answer: Promise<T>, whatIsLeft = ''): Promise<T> {
    if (this.#deadlines === undefined) return answer
    return this.#deadlines.wait(
      answer,
      () => new DOMException(`no answer within ${this.#operationTimeout} s${whatIsLeft}`, 'TimeoutError'),
    )
  }
}

const MAY_STILL_HAPPEN = '; it may still happen'

/** Whether an adapter answers at once. */
export function isSync(adapter: Adapter): adapter is SyncAdapter {
  return 'cache' in adapter
}

/** Throws a failure, unless the cache's own policy makes a miss of it. */
export function endure(error: unknown, onError: Contract['onError']): void {
  const isOutage = isCacheError(error, 'ADAPTER_FAILED') || isCacheError(error, 'QUOTA_EXCEEDED')
  if (!isOutage || onError(error) !== 'miss') throw error
}

/** Shared by all caches on one adapter, so that the changes of each supersede the other's loads. */
const flightsByAdapter = new WeakMap<Adapter, Flights<unknown>>()

export function flightsOf(adapter: Adapter): Flights<unknown> {
  let flights = flightsByAdapter.get(adapter)
  if (flights === undefined) {
    flights = new Flights()
    flightsByAdapter.set(adapter, flights)
  }
  return flights
}

/** "1 key", "2 keys", for a message. */
export function count(items: readonly unknown[]): string {
  return items.length === 1 ? '1 key' : `${items.length} keys`
}

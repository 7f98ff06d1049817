import type { Change, Entry, Outcome, SyncAdapter, Wanted } from './adapter.ts'
import { isLive } from './decide.ts'
import type { Flights } from './flight.ts'
import { failed } from './outcomes.ts'
import { flightsOf, supersedeAll } from './store.ts'

/** `Store`, at once. */
export class SyncStore {
  readonly #adapter: SyncAdapter
  readonly #now: () => number
  readonly #flights: Flights<unknown>

  constructor(adapter: SyncAdapter, now: () => number) {
    this.#adapter = adapter
    this.#now = now
    this.#flights = flightsOf(adapter)
  }

  readLive(storedKey: string, wanted: Wanted = 'value'): Entry | undefined {
    return this.read([storedKey], wanted)[0]
  }

  read(storedKeys: readonly string[], wanted: Wanted = 'value'): (Entry | undefined)[] {
    const now = this.#now()
    const entries = this.#guard('read', () => this.#adapter.readSync(storedKeys, now, wanted))
    return entries.map((entry) => (isLive(entry, now) ? entry : undefined))
  }

  commitOne(change: Change): Outcome | undefined {
    return this.commit([change])[0]
  }

  commit(changes: readonly Change[]): readonly Outcome[] {
    supersedeAll(this.#flights, changes)
    return this.#guard('write', () => this.#adapter.commitSync(changes, this.#now()))
  }

  clear(scope: string): void {
    this.#flights.supersedeScope(scope)
    this.#guard('clear', () => this.#adapter.clearSync(scope))
  }

  #guard<T>(doing: string, run: () => T): T {
    try {
      return run()
    } catch (cause) {
      throw failed(this.#adapter, doing, cause)
    }
  }
}

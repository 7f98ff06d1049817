import type { Change, Entry, Op, Outcome, Space, SyncAdapter, Wanted } from './adapter.ts'
import type { Contract } from './contract.ts'
import type { Flight, Flights } from './flight.ts'
import { headOf, type Keyspace, type Version } from './keys.ts'
import { isLive } from './liveness.ts'
import { failed } from './outcomes.ts'
import { count, endure, flightsOf } from './store.ts'

/**
 * `Store`, at once. A key of its own is looked for in its space, under the caller's own text: joining it to its head
 * for each call would cost more than all the rest.
 */
export class SyncStore {
  readonly #adapter: SyncAdapter
  readonly #now: () => number
  readonly #onError: Contract['onError']
  readonly #flights: Flights<unknown>
  readonly #keyspace: Keyspace
  /** The space of the cache's own version; none with a custom key function. */
  readonly #home: Space | undefined

  constructor(adapter: SyncAdapter, { keyspace, now, onError }: Contract) {
    this.#adapter = adapter
    this.#now = now
    this.#onError = onError
    this.#flights = flightsOf(adapter)
    this.#keyspace = keyspace
    this.#home = keyspace.hasHeads ? adapter.space(keyspace.head(undefined)) : undefined
  }

  /** A live key's value, or `undefined`. */
  value(key: string, version: Version | undefined): unknown {
    const space = this.#space(version)
    if (space === undefined) return this.readLive(this.#keyspace.storedKey(key, version), 'value')?.value
    if (!space.hasSafe(key)) this.#keyspace.check(key, version)
    try {
      return space.read(key, this.#now)
    } catch (cause) {
      return endure(failed(this.#adapter, 'read 1 key', cause), this.#onError)
    }
  }

  readLive(storedKey: string, wanted: Wanted): Entry | undefined {
    return this.read([storedKey], wanted)[0]
  }

  read(storedKeys: readonly string[], wanted: Wanted): (Entry | undefined)[] {
    const now = this.#now()
    try {
      return this.#adapter
        .readSync(storedKeys, now, wanted)
        .map((entry) => (isLive(entry, now) ? entry : undefined))
    } catch (cause) {
      endure(failed(this.#adapter, `read ${count(storedKeys)}`, cause), this.#onError)
      return storedKeys.map(() => undefined)
    }
  }

  /** Counts on what is most often there, a live counter of this cache's version; else `undefined`, and nothing is done. */
  count(key: string, delta: number): number | undefined {
    return this.#flights.size > 0 ? undefined : this.#home?.count(key, delta, this.#now)
  }

  /** Writes over what is there under this cache's version, if that is all there is to do; else `false`, and nothing is done. */
  overwrite(key: string, value: unknown, expiresAt: number | null): boolean {
    return this.#flights.size === 0 && this.#home?.overwrite(key, value, expiresAt) === true
  }

  /** Does what a caller asked for: by its outcome, loads of the same key that are still running are superseded. */
  commitOne(key: string, version: Version | undefined, op: Op, now: number): Outcome | undefined {
    if (this.#flights.size === 0) return this.commitLoaded(key, version, op, now)
    return this.commit([{ key: this.#keyspace.storedKey(key, version), op }], now)[0]
  }

  /** Does what a load asks for, which supersedes nobody. */
  commitLoaded(key: string, version: Version | undefined, op: Op, now: number): Outcome | undefined {
    // A move concerns two spaces.
    let space = op.kind === 'move' ? undefined : this.#space(version)
    if (space?.hasSafe(key) === false) {
      if (version === undefined) this.#keyspace.check(key, version)
      // Who heard a warning may have written: what was an empty space need not be the one in use any more.
      else space = this.#adapter.space(headOf(this.#keyspace.storedKey(key, version)))
    }
    if (space === undefined) {
      return this.#commit([{ key: this.#keyspace.storedKey(key, version), op }], now)[0]
    }
    try {
      return space.commit(key, op, now)
    } catch (cause) {
      throw failed(this.#adapter, 'write 1 key', cause)
    }
  }

  commit(changes: readonly Change[], now: number): readonly Outcome[] {
    let outcomes: readonly Outcome[] | undefined
    try {
      outcomes = this.#commit(changes, now)
      return outcomes
    } finally {
      this.#flights.begin(changes, now)?.end(outcomes)
    }
  }

  clear(scope: string): void {
    try {
      this.#adapter.clearSync(scope)
    } catch (cause) {
      throw failed(this.#adapter, 'clear', cause)
    } finally {
      this.#flights.beginClear(scope)?.end()
    }
  }

  /** Runs a load of a key, which changes made meanwhile may supersede. */
  runLoad<R>(key: string, version: Version | undefined, load: (flight: Flight<unknown>) => R): R {
    return this.#flights.runSync(this.#keyspace.storedKey(key, version), load)
  }

  #commit(changes: readonly Change[], now: number): readonly Outcome[] {
    try {
      return this.#adapter.commitSync(changes, now)
    } catch (cause) {
      throw failed(this.#adapter, `write ${count(changes)}`, cause)
    }
  }

  #space(version: Version | undefined): Space | undefined {
    if (version === undefined || this.#home === undefined) return this.#home
    return this.#adapter.space(this.#keyspace.head(version))
  }
}

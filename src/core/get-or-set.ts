import type { Entry } from './adapter.ts'
import type { Contract } from './contract.ts'
import { Flight } from './flight.ts'
import type { Version } from './keys.ts'
import type { SetOptions } from './options.ts'
import { accepted } from './outcomes.ts'
import { isThenable } from './snapshot.ts'
import { endure, type Store } from './store.ts'
import type { SyncStore } from './sync-store.ts'
import { leavable } from './waiters.ts'

/** What `agetOrSet` takes as its default: a value, or a function that is called (and awaited) only on a miss. */
export type Loader<T> = T | (() => T | Promise<T>)

/** What a call asks for. Without the caller's signal: a load keeps this, also when the caller has left. */
interface Asked {
  readonly storedKey: string
  readonly key: string
  readonly loader: unknown
  readonly timeout: SetOptions['timeout']
  readonly fresh?: boolean | undefined
}

/** Reads; on a miss joins the load under way or starts one. */
export async function getOrSet(
  contract: Contract,
  store: Store,
  asked: Asked,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { key } = asked
  const found = await leavable(readOrLoad(contract, store, asked), signal)
  if (!(found instanceof Flight)) return contract.given(found.value, key)
  const loaded = await found.wait(signal)
  return loaded === undefined ? undefined : contract.storable(loaded, key)
}

/** The live entry, or the load to wait for. */
async function readOrLoad(contract: Contract, store: Store, asked: Asked): Promise<Entry | Flight<unknown>> {
  const { storedKey, fresh } = asked
  const { flights } = store
  const visit = flights.enter(storedKey)
  try {
    const { landed } = visit
    const entry = await store.readLive(storedKey, 'value', fresh)
    if (entry !== undefined) return entry
    // A load that ended while we read is ours as well: its value, its undefined, its error.
    let flight = flights.joinable(visit, landed)
    const pending = flight?.pendingOutcomes()
    if (pending !== undefined) {
      // Changes that were asked for before us may supersede it; then its result is not for us.
      await pending
      flight = flights.joinable(visit, landed)
    }
    return flight ?? flights.start(storedKey, visit, (started) => loadAndAdd(contract, store, asked, started))
  } finally {
    flights.leave(storedKey, visit)
  }
}

/** Runs the loader and adds its result; whoever stored the key meanwhile wins. */
async function loadAndAdd(
  contract: Contract,
  store: Store,
  { storedKey, key, loader, timeout }: Asked,
  flight: Flight<unknown>,
): Promise<unknown> {
  const loaded: unknown = typeof loader === 'function' ? await loader() : loader
  if (loaded === undefined) return undefined
  const now = contract.now()
  const entry = contract.entry(key, loaded, timeout, now)
  // Changes of the key that are under way may supersede the load. The adapter does the `add` after those that are begun
  // while we wait, and refuses it, unless one of them takes the key away. To wait for others could take for ever.
  let pending = flight.pendingOutcomes()
  while (pending !== undefined) {
    await pending
    pending = flight.superseded ? undefined : flight.pendingOutcomes(true)
  }
  if (!flight.superseded) {
    try {
      const [outcome] = await store.commitLoaded([{ key: storedKey, op: { kind: 'add', entry } }], now)
      if (accepted(outcome, 'add', key)) return entry.value
    } catch (error) {
      endure(error, contract.onError)
      return entry.value
    }
  }
  // A copy nearby may be of before their write.
  const theirs = await store.readLive(storedKey, 'value', true)
  return theirs === undefined ? entry.value : theirs.value
}

/** What follows a miss of the sync `getOrSet`: {@link getOrSet}, at once. */
export function loadSync(
  contract: Contract,
  store: SyncStore,
  { key, version, loader, timeout }: Omit<Asked, 'storedKey'> & { readonly version: Version | undefined },
): unknown {
  return store.runLoad(key, version, (flight) => {
    const loaded: unknown = typeof loader === 'function' ? loader() : loader
    if (isThenable(loaded)) {
      // Nobody waits for it any more: a failure of its own would be nobody's.
      Promise.resolve(loaded).catch(() => {})
      throw new TypeError('getOrSet cannot wait for a promise: use agetOrSet')
    }
    if (loaded === undefined) return undefined
    const now = contract.now()
    const entry = contract.entry(key, loaded, timeout, now)
    if (!flight.superseded) {
      try {
        const outcome = store.commitLoaded(key, version, { kind: 'add', entry }, now)
        if (accepted(outcome, 'add', key)) return contract.given(entry.value, key)
      } catch (error) {
        endure(error, contract.onError)
        return contract.given(entry.value, key)
      }
    }
    const theirs = store.value(key, version)
    return contract.given(theirs === undefined ? entry.value : theirs, key)
  })
}

import type { Contract } from './contract.ts'
import type { Flight } from './flight.ts'
import type { SetOptions } from './options.ts'
import { accepted } from './outcomes.ts'
import { endure, type Store } from './store.ts'

/** What `agetOrSet` takes as its default: a value, or a function that is called (and awaited) only on a miss. */
export type Loader<T> = T | (() => T | Promise<T>)

interface Asked {
  readonly storedKey: string
  readonly key: string
  readonly loader: Loader<unknown>
  readonly timeout: SetOptions['timeout']
  readonly fresh: boolean | undefined
}

/** Reads; on a miss joins the load under way or starts one. */
export async function getOrSet(contract: Contract, store: Store, asked: Asked): Promise<unknown> {
  const { flights } = store
  const visit = flights.enter(asked.storedKey)
  try {
    const { landed } = visit
    const entry = await store.readLive(asked.storedKey, 'value', asked.fresh)
    if (entry !== undefined) return contract.given(entry.value, asked.key)
    // A load that ended while we read is ours as well: its value, its undefined, its error.
    const justLanded = visit.landed === landed ? undefined : visit.landed
    const load = (flight: Flight<unknown>) => loadAndAdd(contract, store, asked, flight)
    const flight = visit.flight ?? justLanded ?? flights.start(asked.storedKey, visit, load)
    const loaded = await flight.result
    return loaded === undefined ? undefined : contract.storable(loaded, asked.key)
  } finally {
    flights.leave(asked.storedKey, visit)
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
  if (!flight.superseded) {
    try {
      const [outcome] = await store.commitLoaded([{ key: storedKey, op: { kind: 'add', entry } }], now)
      if (accepted(outcome, 'agetOrSet', key)) return entry.value
    } catch (error) {
      endure(error, contract.onError)
      return entry.value
    }
  }
  // A copy nearby may be of before their write.
  const theirs = await store.readLive(storedKey, 'value', true)
  return theirs === undefined ? entry.value : theirs.value
}

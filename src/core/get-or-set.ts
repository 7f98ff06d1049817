import type { Entry } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { InFlight } from './in-flight.ts'
import { accepted } from './outcomes.ts'
import type { LoadCall, ReadPlan } from './plans.ts'
import { isThenable } from './snapshot.ts'
import { missOnOutage, type Store } from './store.ts'
import type { SyncStore } from './sync-store.ts'
import { abortable } from './waiters.ts'

/** The loader of `agetOrSet`: a value, or a function that is called (and awaited) only on a miss. */
export type Loader<T> = T | (() => T | Promise<T>)

/** A call with its stored key. It does not hold the caller's signal, because a load outlives a caller who aborts. */
interface Load extends LoadCall {
  readonly storedKey: string
}

/** Reads the key. On a miss, joins the load in flight or starts one. */
export async function getOrSet(
  context: CallContext,
  store: Store,
  { signal, ...call }: LoadCall & { readonly signal?: AbortSignal | undefined },
): Promise<unknown> {
  signal?.throwIfAborted()
  const { method, key, version } = call
  const load = { ...call, storedKey: context.keyspace.storedKey(key, version, method) }
  const found = await abortable(readOrLoad(context, store, load), signal)
  if (!(found instanceof InFlight)) return context.copyOut(found.value, key)
  const loaded = await found.wait(signal)
  return loaded === undefined ? undefined : context.copyIn(loaded, key, method)
}

/** Returns the live entry, or the load to wait for. */
async function readOrLoad(
  context: CallContext,
  store: Store,
  load: Load,
): Promise<Entry | InFlight<unknown>> {
  const { method, storedKey, fresh } = load
  const { loads } = store
  const state = loads.enter(storedKey)
  try {
    const { settled } = state
    const entry = await store.read(() => readEntry(method, storedKey, context.now(), fresh))
    if (entry !== undefined) return entry
    // A load that ended while we read counts as well, with its value, `undefined` or error.
    let inFlight = loads.joinable(state, settled)
    const pending = inFlight?.pendingOutcomes()
    if (pending !== undefined) {
      // Changes that began before this call may supersede the load. Then its result is not for us.
      await pending
      inFlight = loads.joinable(state, settled)
    }
    return inFlight ?? loads.start(storedKey, state, (started) => loadAndAdd(context, store, load, started))
  } finally {
    loads.leave(storedKey, state)
  }
}

/** Runs the loader and adds its result. If someone else stored the key in the meantime, returns that value. */
async function loadAndAdd(
  context: CallContext,
  store: Store,
  { method, storedKey, key, loader, timeout }: Load,
  inFlight: InFlight<unknown>,
): Promise<unknown> {
  const loaded: unknown = typeof loader === 'function' ? await loader() : loader
  if (loaded === undefined) return undefined
  const now = context.now()
  const entry = context.entry(method, key, loaded, timeout, now)
  // Pending changes of the key may supersede the load. The adapter runs the `add` after changes that begin
  // while we wait, and refuses it unless one of them removes the key. Waiting for all of those as well might
  // never end.
  let pending = inFlight.pendingOutcomes()
  while (pending !== undefined) {
    await pending
    pending = inFlight.superseded ? undefined : inFlight.pendingOutcomes(true)
  }
  if (!inFlight.superseded) {
    try {
      const outcome = await store.commitLoaded(method, { key: storedKey, op: { kind: 'add', entry } }, now)
      if (accepted.call({ method, key }, outcome)) return entry.value
    } catch (error) {
      missOnOutage(error, context.options.onError)
      return entry.value
    }
  }
  // A nearby replica may be older than that write, so read fresh.
  const theirs = await store.read(() => readEntry(method, storedKey, context.now(), true))
  return theirs === undefined ? entry.value : theirs.value
}

/** Handles a miss of the sync `getOrSet`: synchronous {@link getOrSet}. */
export function loadSync(
  context: CallContext,
  store: SyncStore,
  { method, key, version, loader, timeout }: LoadCall,
): unknown {
  const storedKey = context.keyspace.storedKey(key, version, method)
  return store.loads.runSync(storedKey, (inFlight) => {
    // Read the clock before the loader runs, in case it throws.
    context.now()
    const loaded: unknown = typeof loader === 'function' ? loader() : loader
    if (isThenable(loaded)) {
      // Nothing awaits the promise, so its rejection must not be unhandled.
      Promise.resolve(loaded).catch(() => {})
      throw new TypeError(`${method} cannot wait for a promise: use agetOrSet`)
    }
    if (loaded === undefined) return undefined
    const now = context.now()
    const entry = context.entry(method, key, loaded, timeout, now)
    if (!inFlight.superseded) {
      try {
        const outcome = store.commitLoaded(method, { key: storedKey, op: { kind: 'add', entry } }, now)
        if (accepted.call({ method, key }, outcome)) return context.copyOut(entry.value, key)
      } catch (error) {
        missOnOutage(error, context.options.onError)
        return context.copyOut(entry.value, key)
      }
    }
    const theirs = store.value(method, key, version)
    return context.copyOut(theirs === undefined ? entry.value : theirs, key)
  })
}

function readEntry(
  method: string,
  storedKey: string,
  now: number,
  fresh?: boolean,
): ReadPlan<Entry | undefined> {
  return { method, keys: [storedKey], wanted: 'value', fresh, now, finish: ([entry]) => entry }
}

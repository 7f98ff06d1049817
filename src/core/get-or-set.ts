import type { ClaimRequest, Entry } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { withDeadline } from './deadline.ts'
import { CacheError, quoteKey } from './errors.ts'
import {
  ageOf,
  isStaleIfError,
  isStaleWhileRevalidate,
  secondsLeftOf,
  shouldRefreshEarly,
} from './freshness.ts'
import type { InFlight, KeyState } from './in-flight.ts'
import { acceptable, outdatedFor } from './joining.ts'
import {
  claimMilliseconds,
  deadlineToReplace,
  type Load,
  type LoadStart,
  readEntry,
  runLoad,
} from './load.ts'
import type { LoadResult } from './load-result.ts'
import { isLive, isOpen, staleUntil } from './operations.ts'
import type { GetOrSetOptions, GetOrSetStatus } from './options.ts'
import type { LoadCall } from './plans.ts'
import { valid } from './schema.ts'
import type { Store } from './store.ts'
import { abortable } from './waiters.ts'

/** An entry, and its value as the schema returns it. */
interface Checked {
  readonly entry: Entry
  readonly value: unknown
}

/** What the read found: a value to return, or the load to wait for, and what to return if that fails. */
type Found =
  | { readonly use: Checked; readonly source: 'hit' | 'stale' }
  | {
      readonly inFlight: InFlight<LoadResult>
      readonly isOwn: boolean
      readonly stale: Checked | undefined
      /** True if the load that ended turns out to be older than a change that came before this call. */
      readonly isOutdated: () => boolean
    }

/** Reads the key. On a miss, joins the load in flight or starts one. */
export async function getOrSet(
  context: CallContext,
  store: Store,
  { options: { signal, status, ...options }, ...call }: LoadCall,
): Promise<unknown> {
  signal?.throwIfAborted()
  const { method, key } = call
  const load: Load = { ...call, options, storedKey: context.keyspace.storedKey(key, options.version, method) }
  const found = await abortable(find(context, store, load), signal)
  if ('use' in found) {
    describe(context, status, found.source, found.use.entry)
    return found.use.value
  }
  const { inFlight, isOwn, stale, isOutdated } = found
  const result = await waitFor(inFlight, stale, options, signal)
  if (result === undefined || 'error' in result) return staleOrError(context, load, stale, status, result)
  if ('isLeftToOthers' in result || isOutdated()) {
    // It was a refresh that nobody waited for when it began, or another process has changed the key.
    return getOrSet(context, store, { ...call, options: { ...options, signal, status } })
  }
  const { entry, isShared, isStored } = result
  describe(context, status, isOwn && !isShared ? 'loaded' : 'shared', isStored ? entry : undefined)
  return entry === undefined ? undefined : checkedLoad(context, load, entry)
}

/** Reads the key, and decides what to do. */
async function find(context: CallContext, store: Store, load: Load): Promise<Found> {
  const { method, storedKey, key, options } = load
  const { loads } = store
  const state = loads.enter(storedKey)
  const order = loads.entered
  try {
    const { settled } = state
    const now = context.now()
    const claim = claimOnRead(context, store, state, options)
    const { fresh } = options
    const read = await store.read(() =>
      readEntry(method, storedKey, now, {
        fresh,
        claim,
        isStaleWanted: true,
        missed: (): typeof OUTAGE => OUTAGE,
      }),
    )
    const isOutage = read === OUTAGE
    const entry = isOutage ? undefined : read
    const checked = await checkEntry(context, load, entry, now)
    if (checked !== undefined && isLive(checked.entry, now)) {
      context.metrics.read(true, method, key)
      const beta = Number(options.earlyRefresh ?? 0)
      if (beta > 0 && shouldRefreshEarly(checked.entry, beta, now, context.fraction))
        refresh(context, store, load, state, checked, now)
      return { use: checked, source: 'hit' }
    }
    const isClaimed = claim !== undefined && entry?.claim?.token === claim.token
    if (checked !== undefined && isStaleWhileRevalidate(checked.entry, now)) {
      context.metrics.stale(method, key)
      if (isClaimed) unclaimIfUnused(store, load, state, claim.token, now)
      refresh(context, store, load, state, checked, now, isClaimed && claim.token === state.token)
      return { use: checked, source: 'stale' }
    }
    context.metrics.read(false, method, key)
    const stale = checked !== undefined && isStaleIfError(checked.entry, now) ? checked : undefined
    // A load that ended while we read counts as well, with its value, `undefined` or error.
    const accepts = acceptable(context, loads, state, { order, entry })
    let inFlight = loads.joinable(state, settled, accepts)
    const pending = inFlight?.pendingOutcomes()
    if (pending !== undefined) {
      // Changes that began before this call may supersede the load. Then its result is not for us.
      await pending
      inFlight = loads.joinable(state, settled, accepts)
    }
    if (inFlight !== undefined) {
      if (isClaimed) unclaimIfUnused(store, load, state, claim.token, now)
      const isOutdated = outdatedFor(context, inFlight, { order, entry })
      return { inFlight, isOwn: false, stale, isOutdated }
    }
    const refreshed = deadlineToReplace(entry, now)
    const started = begin(context, store, load, state, {
      stale: staleValue(stale, now),
      refresh: refreshed,
      isBackground: false,
      isOutage,
      isClaimed: isClaimed && claim.token === state.token,
    })
    return { inFlight: started, isOwn: true, stale, isOutdated: never }
  } finally {
    loads.leave(storedKey, state)
  }
}

const never = (): boolean => false

/** Stands for what a read would have found, if the store had not failed. */
const OUTAGE: unique symbol = Symbol('outage')

/** Callers of one key that read at the same time share a token, so that the claim of one is the claim of all. */
function claimOnRead(
  context: CallContext,
  store: Store,
  state: KeyState<LoadResult>,
  { hardTimeout }: GetOrSetOptions,
): ClaimRequest | undefined {
  if (store.claim === undefined || state.loads.length > 0) return undefined
  state.token ??= context.nextToken()
  return { token: state.token, milliseconds: claimMilliseconds(hardTimeout), wait: false }
}

/**
 * Ends a claim that nobody uses: a load took over its token, and ended before the claim was granted. A load that is still in flight
 * ends the claim itself.
 */
function unclaimIfUnused(
  store: Store,
  { method, storedKey }: Load,
  state: KeyState<LoadResult>,
  token: number,
  now: number,
): void {
  if (state.token === token || state.loads.some((inFlight) => inFlight.requestedToken === token)) return
  // If this fails, the claim ends with its time.
  store.commitLoaded(method, { key: storedKey, op: { kind: 'unclaim', token } }, now).catch(() => {})
}

/** Starts a load, which takes over the token of those who are reading. */
function begin(
  context: CallContext,
  store: Store,
  load: Load,
  state: KeyState<LoadResult>,
  start: Omit<LoadStart, 'token'>,
): InFlight<LoadResult> {
  const token = state.token ?? context.nextToken()
  state.token = undefined
  const started = store.loads.start(load.storedKey, state, (inFlight) => {
    inFlight.requestedToken = token
    return runLoad(context, store, load, { ...start, token }, inFlight)
  })
  const { waitUntil = context.options.waitUntil ?? context.adapter.waitUntil } = load.options
  waitUntil?.(started.wait(undefined).catch(() => {}))
  return started
}

/** Loads a new value in the background, unless this process does so already. */
function refresh(
  context: CallContext,
  store: Store,
  load: Load,
  state: KeyState<LoadResult>,
  old: Checked,
  now: number,
  isClaimed = false,
): void {
  if (state.loads.some(({ isJoinable }) => isJoinable)) return
  const started = begin(context, store, load, state, {
    stale: staleValue(old, now),
    refresh: deadlineToReplace(old.entry, now),
    isBackground: true,
    isOutage: false,
    isClaimed,
  })
  const { method, key } = load
  started.wait(undefined).then(
    (result) => {
      if ('error' in result) warnOfFailedLoad(context, load, result.error)
    },
    (error: unknown) => {
      context.metrics.loadFailed({ method, key, isRefresh: true, error })
      warnOfFailedLoad(context, load, error)
    },
  )
}

/** Waits for a load; `undefined` if it takes longer than `softTimeout` and there is a stale value to return. */
async function waitFor(
  inFlight: InFlight<LoadResult>,
  stale: Checked | undefined,
  { softTimeout }: GetOrSetOptions,
  signal: AbortSignal | undefined,
): Promise<LoadResult | undefined> {
  const result = inFlight.wait(signal)
  if (softTimeout === undefined || stale === undefined) return result
  return withDeadline(result, softTimeout * 1000, () => SLOW).catch((error: unknown) => {
    if (error === SLOW) return undefined
    throw error
  })
}

const SLOW: unique symbol = Symbol('slow')

/** Returns the stale value, if it may still be used, in place of a load that failed or is slow. */
function staleOrError(
  context: CallContext,
  load: Load,
  stale: Checked | undefined,
  status: GetOrSetStatus | undefined,
  failed: { readonly error: unknown } | undefined,
): unknown {
  const now = context.now()
  if (stale === undefined || (failed !== undefined && !isStaleIfError(stale.entry, now))) throw failed?.error
  const { method, key } = load
  context.metrics.stale(method, key, failed?.error)
  if (failed !== undefined) warnOfFailedLoad(context, load, failed.error)
  describe(context, status, 'stale-if-error', stale.entry)
  if (status !== undefined) status.error = failed?.error
  return stale.value
}

/** Nothing else tells of an error that a stale value hides. `onEvent` has heard of it already. */
function warnOfFailedLoad({ options }: CallContext, { method, key }: Load, error: unknown): void {
  if (options.onEvent !== undefined) return
  const why = error instanceof Error ? `: ${error.message}` : ''
  options.onWarning({
    code: 'LOAD_FAILED',
    key,
    message: `${method}(${quoteKey(key)}) returns the old value, because loading a new one failed${why}`,
    cause: error,
  })
}

/** The value of an entry that is fresh or still kept. `undefined` if there is none, or if it does not fit the schema. */
async function checkEntry(
  context: CallContext,
  { key, options }: Load,
  entry: Entry | undefined,
  now: number,
): Promise<Checked | undefined> {
  if (entry === undefined || !isOpen(staleUntil(entry), now)) return undefined
  const schema = options.schema ?? context.options.schema
  const value = await context.checkedOut(entry.value, key, schema, MISFIT)
  return value === MISFIT ? undefined : { entry, value }
}

const MISFIT: unique symbol = Symbol('misfit')

/** Each caller gets a copy of the loaded value. */
async function checkedLoad(
  context: CallContext,
  { method, key, options }: Load,
  entry: Entry,
): Promise<unknown> {
  const copy = context.copyIn(entry.value, key, method)
  const schema = options.schema ?? context.options.schema
  if (schema === undefined) return copy
  const value = await valid(schema, copy, MISFIT)
  if (value !== MISFIT) return value
  // It was loaded by a caller with another schema.
  const message = `${method}(${quoteKey(key)}) failed: the loaded value does not fit the schema of this call`
  throw new CacheError('INVALID_VALUE', message, { key })
}

function staleValue(stale: Checked | undefined, now: number): LoadStart['stale'] {
  return stale && { value: stale.value, age: ageOf(stale.entry, now) }
}

function describe(
  context: CallContext,
  status: GetOrSetStatus | undefined,
  source: Exclude<GetOrSetStatus['source'], undefined>,
  entry: Entry | undefined,
): void {
  if (status === undefined) return
  const now = context.now()
  status.source = source
  status.age = entry && ageOf(entry, now)
  status.ttl = entry && secondsLeftOf(entry, now)
  status.error = undefined
}

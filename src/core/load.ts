import type { Entry, Op } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { CacheError, quoteKey } from './errors.ts'
import type { InFlight } from './in-flight.ts'
import type { LoadResult } from './load-result.ts'
import { LoaderRun, type StaleValue } from './loader.ts'
import { hasTag, isLive } from './operations.ts'
import { accepted } from './outcomes.ts'
import type { LoadCall, ReadPlan } from './plans.ts'
import { refusalOf } from './schema.ts'
import { missOnOutage, type Store } from './store.ts'

/** A load of one key. It does not hold the caller's signal, because it outlives callers who abort. */
export interface Load extends LoadCall {
  readonly storedKey: string
}

/** How a load begins. */
export interface LoadStart {
  /** The value to be replaced, if it is stale but still kept. */
  readonly stale: StaleValue | undefined
  /** The deadline of the live entry to be replaced, `Infinity` for never; `undefined` if there is none. */
  readonly refresh: number | undefined
  /** True if no caller waits for it. */
  readonly isBackground: boolean
  readonly token: number
  /** True if the read that found nothing has claimed the load already. */
  readonly isClaimed: boolean
  /** True if the store could not be read. Then nothing is claimed, and nothing stored. */
  readonly isOutage: boolean
}

/** The right to store what is loaded. */
interface Right {
  /** `undefined`: by a claim. Otherwise this process alone decides, or nothing may be stored. */
  readonly kind: 'claim' | 'process' | 'none'
  readonly release?: (() => void) | undefined
}

/** Runs the loader and stores its result, unless the key has changed since the load began. */
export async function runLoad(
  context: CallContext,
  store: Store,
  load: Load,
  start: LoadStart,
  inFlight: InFlight<LoadResult>,
): Promise<LoadResult> {
  const right = await claimLoad(context, store, load, start, inFlight)
  if (!('kind' in right)) return right
  let isClaimed = right.kind === 'claim'
  inFlight.begunAfter = store.loads.entered
  if (isClaimed) inFlight.token = start.token
  const change = async (op: Op, now: number) => {
    inFlight.endedAfter = store.loads.entered
    const outcome = await store.commitLoaded(load.method, { key: load.storedKey, op }, now)
    if (isClaimed && outcome?.ok === false) inFlight.isOutdated = true
    return outcome
  }
  try {
    const { method, key, options } = load
    const isRefresh = start.isBackground
    const run = new LoaderRun(key, options, start.stale)
    const begunAt = context.now()
    let loaded: unknown
    try {
      // A plain value is not awaited: a promise in its place is refused, as for `aset`.
      loaded = typeof load.loader === 'function' ? await run.wait(load.loader) : load.loader
      await checkLoaded(context, load, loaded)
    } catch (error) {
      context.metrics.loadFailed({ method, key, isRefresh, error })
      return { error }
    }
    const now = context.now()
    const loadMs = Math.max(0, now - begunAt)
    const told = { method, key, seconds: loadMs / 1000, isRefresh }
    const isTimed = options.earlyRefresh !== undefined && options.earlyRefresh !== false
    const entry =
      loaded === undefined
        ? undefined
        : context.entry(method, key, loaded, run.options, now, isTimed ? loadMs : undefined)
    if (entry === undefined || run.isSkipped) {
      // Nothing will tell whether its tags were invalidated meanwhile.
      if (isClaimed) inFlight.isOutdated = true
      context.metrics.loaded({ ...told, isStored: false })
      return { entry, isStored: false, isShared: false }
    }
    if (right.kind === 'process') await settlePending(inFlight)
    let isStored = false
    if (right.kind !== 'none' && !inFlight.superseded && !hasTag(entry, [...inFlight.invalidatedTags])) {
      try {
        const outcome = await change(fillOf(right.kind, start, entry), now)
        // Whether it was stored or refused, the claim has ended with it.
        isClaimed = false
        isStored = accepted.call({ method, key }, outcome)
      } catch (error) {
        missOnOutage(error, context.options.onError)
        context.metrics.loaded({ ...told, isStored: false })
        return { entry, isStored: false, isShared: false }
      }
    }
    context.metrics.loaded({ ...told, isStored })
    if (isStored || right.kind === 'none') return { entry, isStored, isShared: false }
    // A nearby replica may be older than the write that came between, so read fresh.
    const theirs = await store.read(() => readEntry(method, load.storedKey, context.now(), { fresh: true }))
    return theirs === undefined
      ? { entry, isStored: false, isShared: false }
      : { entry: theirs, isStored: true, isShared: true }
  } finally {
    // If this fails, the claim ends with its time. The result of the load matters more.
    if (isClaimed) await change({ kind: 'unclaim', token: start.token }, context.now()).catch(() => {})
    right.release?.()
  }
}

function fillOf(kind: 'claim' | 'process', { token, refresh }: LoadStart, entry: Entry): Op {
  if (kind === 'claim') return { kind: 'fill', token, entry }
  // `add` keeps what another process has stored meanwhile. A live entry is replaced only if nothing in this
  // process has changed it.
  return { kind: refresh === undefined ? 'add' : 'set', entry }
}

/** Claims the load. While another process loads, waits for its value. */
async function claimLoad(
  context: CallContext,
  store: Store,
  { method, storedKey, options }: Load,
  { token, isClaimed, isBackground, isOutage, ...start }: LoadStart,
  inFlight: InFlight<LoadResult>,
): Promise<Right | LoadResult> {
  if (isOutage) return { kind: 'none' }
  if (isClaimed) return { kind: 'claim' }
  if (store.claim === undefined) return { kind: 'process' }
  const milliseconds = claimMilliseconds(options.hardTimeout)
  let { refresh } = start
  for (let attempt = 0; attempt < MAX_CLAIM_ATTEMPTS; attempt += 1) {
    const request = { token, milliseconds, refresh, wait: !isBackground }
    inFlight.begunAfter = store.loads.entered
    try {
      const reply = await store.claim(method, storedKey, context.now(), request)
      if (reply.isGranted) return { kind: 'claim', release: reply.release }
      const { entry } = reply
      if (entry !== undefined) {
        const schema = options.schema ?? context.options.schema
        if (schema === undefined || (await refusalOf(schema, entry.value)) === undefined) {
          inFlight.isOutdated = true
          return { entry, isStored: true, isShared: true }
        }
        // Another version of the application has stored it.
        refresh = entry.expiresAt ?? Number.POSITIVE_INFINITY
      } else if (isBackground) return { isLeftToOthers: true }
    } catch (error) {
      missOnOutage(error, context.options.onError)
      return { kind: 'none' }
    }
  }
  return { kind: 'none' }
}

/** Each attempt waits as long as the store holds the call. */
const MAX_CLAIM_ATTEMPTS = 10

/** A claim ends when its load must have ended. */
export function claimMilliseconds(hardTimeout: number | undefined): number {
  return hardTimeout === undefined ? DEFAULT_CLAIM_MS : hardTimeout * 1000 + CLAIM_MARGIN_MS
}

const DEFAULT_CLAIM_MS = 30_000
/** For storing the value. */
const CLAIM_MARGIN_MS = 5_000

/**
 * Waits for the outcomes of pending changes of the key, which may supersede the load. The adapter runs the
 * `add` after changes that begin while we wait, and refuses it unless one of them removes the key. Waiting for
 * all of those as well might never end.
 */
async function settlePending(inFlight: InFlight<LoadResult>): Promise<void> {
  let pending = inFlight.pendingOutcomes()
  while (pending !== undefined) {
    await pending
    pending = inFlight.superseded ? undefined : inFlight.pendingOutcomes(true)
  }
}

async function checkLoaded(
  context: CallContext,
  { method, key, options }: Load,
  loaded: unknown,
): Promise<void> {
  const schema = options.schema ?? context.options.schema
  if (schema === undefined || loaded === undefined) return
  const refusal = await refusalOf(schema, loaded)
  if (refusal === undefined) return
  const message = `${method}(${quoteKey(key)}) failed: the loaded value does not fit the schema: ${refusal}`
  throw new CacheError('INVALID_VALUE', message, { key })
}

/** Reads one live entry; with `isStaleWanted`, whatever is stored. */
export function readEntry<Missed = undefined>(
  method: string,
  storedKey: string,
  now: number,
  options: Pick<ReadPlan<Missed>, 'fresh' | 'claim' | 'isStaleWanted' | 'missed'>,
): ReadPlan<Entry | undefined | Missed> {
  return { method, keys: [storedKey], wanted: 'value', now, ...options, finish: ([entry]) => entry }
}

/** The deadline of a live entry that is to be replaced. */
export function deadlineToReplace(entry: Entry | undefined, now: number): number | undefined {
  return isLive(entry, now) ? (entry.expiresAt ?? Number.POSITIVE_INFINITY) : undefined
}

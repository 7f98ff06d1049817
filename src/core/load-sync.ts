import type { CallContext } from './call-context.ts'
import { CacheError, quoteKey } from './errors.ts'
import { LoaderRun } from './loader.ts'
import { hasTag } from './operations.ts'
import { accepted } from './outcomes.ts'
import type { LoadCall } from './plans.ts'
import { type Schema, valid } from './schema.ts'
import { isThenable } from './snapshot.ts'
import { missOnOutage } from './store.ts'
import type { SyncStore } from './sync-store.ts'

/** Reads the key synchronously. On a miss, calls the loader and stores its result. Stale values are missing. */
export function getOrSetSync(context: CallContext, store: SyncStore, call: LoadCall): unknown {
  const { method, key, options } = call
  const value = store.value(method, key, options.version)
  const schema = options.schema ?? context.options.schema
  const checked =
    value === undefined ? MISSING : settled(context.checkedOut(value, key, schema, MISSING), method)
  context.metrics.read(checked !== MISSING, method, key)
  if (checked !== MISSING) return checked
  const loaded = loadSync(context, store, call, value !== undefined)
  return schema === undefined || loaded === undefined ? loaded : fitting(call, schema, loaded)
}

/** Returns the schema's output for a loaded value. */
function fitting({ method, key }: LoadCall, schema: Schema, loaded: unknown): unknown {
  const value = settled(valid(schema, loaded, MISSING), method)
  if (value !== MISSING) return value
  const message = `${method}(${quoteKey(key)}) failed: the loaded value does not fit the schema`
  throw new CacheError('INVALID_VALUE', message, { key })
}

const MISSING: unique symbol = Symbol('missing')

/** Throws if a schema has returned a promise, which a sync method cannot wait for. */
export function settled<T>(result: T | PromiseLike<T>, method: string): T {
  if (!isThenable(result)) return result
  Promise.resolve(result).catch(() => {})
  throw new TypeError(`${method} cannot wait for an asynchronous schema: use the async method`)
}

/** Calls the loader and stores its result. `isReplaced`: it replaces a value that does not fit the schema. */
function loadSync(context: CallContext, store: SyncStore, call: LoadCall, isReplaced: boolean): unknown {
  const { method, key, loader, options } = call
  const storedKey = context.keyspace.storedKey(key, options.version, method)
  return store.loads.runSync(storedKey, (inFlight) => {
    const run = new LoaderRun(key, options, undefined)
    // Read the clock before the loader runs, in case it throws.
    const begunAt = context.now()
    let loaded: unknown
    try {
      loaded = run.call(loader)
      if (isThenable(loaded)) {
        // Nothing awaits the promise, so its rejection must not be unhandled.
        Promise.resolve(loaded).catch(() => {})
        throw new TypeError(`${method} cannot wait for a promise: use agetOrSet`)
      }
      const schema = options.schema ?? context.options.schema
      if (schema !== undefined && loaded !== undefined) fitting(call, schema, loaded)
    } catch (error) {
      context.metrics.loadFailed({ method, key, isRefresh: false, error })
      throw error
    }
    const now = context.now()
    const told = { method, key, seconds: Math.max(0, now - begunAt) / 1000, isRefresh: false }
    if (loaded === undefined) {
      context.metrics.loaded({ ...told, isStored: false })
      return undefined
    }
    const entry = context.entry(method, key, loaded, run.options, now)
    let isStored = false
    if (!run.isSkipped && !inFlight.superseded && !hasTag(entry, [...inFlight.invalidatedTags])) {
      try {
        const outcome = store.commitLoaded(
          method,
          { key: storedKey, op: { kind: isReplaced ? 'set' : 'add', entry } },
          now,
        )
        isStored = accepted.call({ method, key }, outcome)
      } catch (error) {
        missOnOutage(error, context.options.onError)
        context.metrics.loaded({ ...told, isStored })
        return context.copyOut(entry.value, key)
      }
    }
    context.metrics.loaded({ ...told, isStored })
    if (isStored || run.isSkipped) return context.copyOut(entry.value, key)
    const theirs = store.value(method, key, options.version)
    return context.copyOut(theirs === undefined ? entry.value : theirs, key)
  })
}

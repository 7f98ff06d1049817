import type { Adapter } from './adapter.ts'
import { checkedClock, guarded } from './callbacks.ts'
import type { CacheError } from './errors.ts'
import { checkTimeout, describeType, type Timeout } from './expiry.ts'
import {
  type CacheWarning,
  checkVersion,
  defaultKeyFunction,
  type KeyFunction,
  type Version,
} from './keys.ts'
import type { CacheEvent } from './metrics.ts'
import { isSchema, type Schema } from './schema.ts'
import { randomFraction, type TestSeams, timerSleep, tokenOf } from './test-seams.ts'

/** The options of a cache. `A` is the adapter's type: a {@link SyncAdapter} gives a cache with sync methods. */
export interface CacheOptions<A extends Adapter = Adapter>
  extends Pick<TestSeams, 'clock' | 'random' | 'sleep'> {
  /** The adapter: `memoryAdapter()`, `indexedDBAdapter({ name })`, `kvAdapter({ kv, shards })`, or your own. */
  readonly adapter: A
  /** Default timeout in seconds, `null` for never. Default 300, as Django's `TIMEOUT`. */
  readonly timeout?: Timeout | undefined
  /**
   * Separates caches on one store. `aclear` removes only this prefix. Default `''`: `aclear` removes
   * everything in the store.
   */
  readonly keyPrefix?: string | undefined
  /** The version of calls that pass none. Default 1. */
  readonly version?: Version | undefined
  /** Builds the final key. Default {@link defaultKeyFunction}: `prefix:version:key`. */
  readonly keyFunction?: KeyFunction | undefined
  /**
   * What to do with a final key of more than 250 characters, or with spaces or control characters. `'warn'`
   * (default) calls `onWarning` once, `'strict'` throws `INVALID_KEY`, `'off'` accepts it.
   */
  readonly keys?: 'warn' | 'strict' | 'off' | undefined
  /**
   * Called once for each warning. Default `console.warn`. An exception goes to `console.error` and changes no
   * result.
   */
  readonly onWarning?: ((warning: CacheWarning) => void) | undefined
  /**
   * Called for each read that fails because the store does. Return `'throw'` to throw the failure, or
   * `'miss'` to treat it as a miss: `agetOrSet` then calls the loader, and returns a value that it could not
   * store. Without this option every failure throws. Writes, counters, `aadd` and locks always throw. If the
   * callback throws or returns anything else, the failure is thrown, and the callback's own error goes to
   * `console.error`.
   */
  readonly onError?: ((error: CacheError) => 'throw' | 'miss') | undefined
  /**
   * The longest time in seconds to wait for one answer of the store. Then the call fails with
   * `ADAPTER_FAILED`, and a write or clear may still happen. Default 30, `null` for no limit. A loader's own
   * time does not count. Memory never waits.
   */
  readonly operationTimeout?: number | null | undefined
  /**
   * Checks every value that is read or loaded: any schema of the Standard Schema interface (Zod, Valibot,
   * ArkType). A stored value that does not fit is a miss. See `schema` of {@link GetOptions}.
   */
  readonly schema?: Schema | undefined
  /** Defaults for the options of `agetOrSet`. */
  readonly loadDefaults?: LoadOptions | undefined
  /** Called for each read and each load, for metrics. An exception goes to `console.error` and changes no result. */
  readonly onEvent?: ((event: CacheEvent) => void) | undefined
  /**
   * Keeps the process alive until a load has ended, where the platform ends it earlier: `(promise) =>
   * ctx.waitUntil(promise)`. The edge adapter finds Workers' own. Default: nothing.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined
}

/** The options of `adelete`, `adeleteMany`, `aincrVersion` and `adecrVersion`. */
export interface KeyOptions {
  /** The version of the key. Default: the cache's `version`. */
  readonly version?: Version | undefined
}

/** The options of `ahasKey`, `attl` and `agetMany`. */
export interface ReadOptions extends KeyOptions {
  /**
   * `true`: read the current value from its owner, on adapters whose reads may be stale
   * (`adapter.supports.staleness`). Default `false`.
   */
  readonly fresh?: boolean | undefined
}

/** The options of `apop`. */
export interface PopOptions<D = undefined> extends KeyOptions {
  /** Returned instead of `undefined` if the key is missing or expired. */
  readonly default?: D
}

/** The schema of one read. */
export interface SchemaOptions<Output = unknown> {
  /**
   * Checks the value: any schema of the Standard Schema interface. A stored value that does not fit is a miss.
   * The call returns the schema's output. Default: the cache's `schema`.
   */
  readonly schema?: Schema<Output> | undefined
}

/** The options of `aget`. */
export interface GetOptions<D = undefined> extends PopOptions<D>, ReadOptions, SchemaOptions {}

/** The options of `aentry`. */
export interface EntryOptions extends ReadOptions, SchemaOptions {}

/** The options of `atouch`. */
export interface TouchOptions extends KeyOptions {
  /** In seconds. `null`: never expires. 0 or less: the key is removed. Default: the cache's timeout. */
  readonly timeout?: Timeout | undefined
}

/** What a stored value carries in addition to its timeout. */
export interface FreshnessOptions {
  /**
   * For how many seconds after the timeout `agetOrSet` may return the old value while it loads a new one in
   * the background. `null`: for ever. 0 or less: not at all. Default: not at all. RFC 5861, section 3.
   */
  readonly staleWhileRevalidate?: Timeout | undefined
  /**
   * For how many seconds after the timeout `agetOrSet` may return the old value if the loader fails. `null`:
   * for ever. Default: not at all. RFC 5861, section 4.
   */
  readonly staleIfError?: Timeout | undefined
  /** The tags of the value: `adeleteTags` and `aexpireTags` invalidate all values of a tag. Default: none. */
  readonly tags?: readonly string[] | undefined
  /**
   * True to store the time, so that `aentry` gives the value's age. Values with tags or stale windows have one
   * anyway. Default `false`.
   */
  readonly keepAge?: boolean | undefined
}

/** The options of `aset`, `aadd` and `asetMany`. */
export interface SetOptions extends TouchOptions, FreshnessOptions {
  /** From 0 to 1: the timeout is made shorter by a random part of up to this fraction, so that values do not expire together. */
  readonly jitter?: number | undefined
}

/** The options of `aentries`. `akeys` takes `version` only. */
export interface ListOptions extends KeyOptions {
  /** Leaves out values that do not fit, and returns the others as the schema does. Default: the cache's `schema`. */
  readonly schema?: Schema | undefined
}

/** The result of `aincrWithTtl`. */
export interface CountWithTtl {
  /** The counter, after `delta` was added. */
  readonly value: number
  /** The **seconds** that it has left; `null` if it never expires. */
  readonly ttl: number | null
}

/** The options of `aincr`, `adecr` and `aincrWithTtl`. */
export interface IncrOptions extends KeyOptions {
  /** A safe integer to start from if the key is missing or expired. Without it, such a call fails. */
  readonly initial?: number | undefined
  /**
   * The timeout in seconds of a counter created by `initial`. An existing counter keeps its own deadline.
   * Only with `initial`.
   */
  readonly timeout?: Timeout | undefined
  /** The tags of a counter created by `initial`. An existing counter keeps its own. Only with `initial`. */
  readonly tags?: readonly string[] | undefined
}

/** The options of `lock`. */
export interface LockOptions extends KeyOptions {
  /** Seconds after which the lock is free again, even if its holder died. More than 0. */
  readonly timeout: number
}

/** The options of `alock`. */
export interface WaitingLockOptions extends LockOptions {
  /** Seconds to keep trying. Default 0: one attempt. */
  readonly wait?: number | undefined
}

/** How `agetOrSet` loads. */
export interface LoadOptions extends Omit<SetOptions, 'version' | 'tags'> {
  /**
   * Loads a new value in the background, at random, already shortly before the timeout (XFetch). Readers of a
   * busy key then never wait. `true` or 1 is the recommended setting, larger numbers load earlier. Default: not.
   */
  readonly earlyRefresh?: boolean | number | undefined
  /** Seconds after which callers get a value that `staleIfError` allows, while the load continues. Default: never. */
  readonly softTimeout?: number | undefined
  /** Seconds after which a load has failed. The loader's `signal` is aborted. Default: never. */
  readonly hardTimeout?: number | undefined
}

/** The options of `agetOrSet`. */
export interface GetOrSetOptions extends SetOptions, ReadOptions, LoadOptions, SchemaOptions {
  /** Stops waiting when it aborts. The load continues for other callers, and its result is stored. */
  readonly signal?: AbortSignal | undefined
  /** An object that the call fills in: where the value came from, and how old it is. */
  readonly status?: GetOrSetStatus | undefined
  /** Keeps this request alive until a load has ended. Default: the cache's `waitUntil`. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined
}

/** The options of `getOrSet`. A sync loader has no background, so there are no stale windows. */
export interface SyncGetOrSetOptions
  extends Omit<SetOptions, 'staleWhileRevalidate' | 'staleIfError'>,
    SchemaOptions {}

/** What `agetOrSet` says of the value that it returned. */
export interface GetOrSetStatus {
  /**
   * `'hit'`: a live value. `'stale'`: a stale one, a new one is being loaded. `'loaded'`: this call loaded it.
   * `'shared'`: another call loaded it. `'stale-if-error'`: a stale one, because the load failed or was slow.
   */
  source?: 'hit' | 'stale' | 'loaded' | 'shared' | 'stale-if-error'
  /** The age of the value in seconds; `undefined` if it was stored without one. */
  age?: number | undefined
  /** The seconds that it is still fresh; 0 if it is stale, `null` if it never expires, `undefined` if it was not stored. */
  ttl?: number | null | undefined
  /** Why the load failed, with `'stale-if-error'`. `undefined` if it is only slow. */
  error?: unknown
}

/** A timeout, or an options object in its place. */
export type TimeoutOr<Options> = Timeout | Options | undefined

export type ResolvedOptions = {
  readonly [K in Exclude<keyof CacheOptions, Optional>]-?: Exclude<CacheOptions[K], undefined>
} & Pick<CacheOptions, Optional>

type Optional = 'schema' | 'onEvent' | 'waitUntil'

export function resolveOptions(options: CacheOptions): ResolvedOptions {
  const known = [
    'adapter',
    'timeout',
    'keyPrefix',
    'version',
    'keyFunction',
    'keys',
    'onWarning',
    'onError',
    'operationTimeout',
    'schema',
    'loadDefaults',
    'onEvent',
    'waitUntil',
    'clock',
    'random',
    'sleep',
  ]
  // Checked first, for callers who pass the adapter itself.
  if (!isAdapter(options?.adapter))
    throw new TypeError('createCache needs an adapter: { adapter: memoryAdapter() }')
  checkBag(options, known, 'createCache')
  const {
    adapter,
    timeout = 300,
    keyPrefix = '',
    version = 1,
    keyFunction = defaultKeyFunction,
    keys = 'warn',
    onWarning = ({ message }: CacheWarning) => console.warn(`nearcache: ${message}`),
    onError = () => 'throw' as const,
    operationTimeout = 30,
    schema,
    loadDefaults = {},
    onEvent,
    waitUntil,
    clock,
    random = randomFraction,
    sleep = timerSleep,
  } = options
  checkTimeout(timeout, 'createCache')
  checkVersion(version, 'createCache')
  if (typeof keyPrefix !== 'string')
    throw new TypeError(`createCache takes a string for keyPrefix: got ${describeType(keyPrefix)}`)
  if (!keyPrefix.isWellFormed())
    throw new TypeError('createCache takes a well-formed string for keyPrefix: it contains a lone surrogate')
  if (operationTimeout !== null && typeof operationTimeout !== 'number')
    throw new TypeError(
      `createCache takes seconds or null for operationTimeout: got ${describeType(operationTimeout)}`,
    )
  if (operationTimeout !== null && !(operationTimeout > 0))
    throw new RangeError(
      `createCache takes more than 0 seconds for operationTimeout, or null for no limit: got ${operationTimeout}`,
    )
  for (const name of FUNCTIONS) {
    const given: unknown = options[name]
    if (given !== undefined && typeof given !== 'function')
      throw new TypeError(`createCache takes a function for ${name}: got ${describeType(given)}`)
  }
  checkChoice(keys, ['warn', 'strict', 'off'], 'createCache', 'keys')
  if (schema !== undefined && !isSchema(schema))
    throw new TypeError(`createCache takes a Standard Schema for schema: got ${describeType(schema)}`)
  return Object.freeze({
    adapter,
    timeout,
    keyPrefix,
    version,
    keyFunction,
    keys,
    onWarning: guarded('onWarning', onWarning, undefined),
    onError: guarded('onError', onError, 'throw'),
    operationTimeout,
    schema,
    loadDefaults,
    onEvent: onEvent && guarded('onEvent', onEvent, undefined),
    waitUntil,
    // The platform's clock needs no check. It is read on every call.
    clock: clock === undefined ? () => Date.now() : checkedClock(clock),
    random: () => tokenOf(random),
    sleep,
  })
}

const FUNCTIONS = [
  'keyFunction',
  'onWarning',
  'onError',
  'onEvent',
  'waitUntil',
  'clock',
  'random',
  'sleep',
] as const

function isAdapter(adapter: unknown): boolean {
  if (typeof adapter !== 'object' || adapter === null) return false
  const { supports } = adapter as Adapter
  if (typeof supports !== 'object' || supports === null) return false
  const methods = ['read', 'commit', 'clear', 'close'] as const
  return methods.every((name) => typeof (adapter as Adapter)[name] === 'function')
}

/** Throws if `given` is not one of `choices`. */
export function checkChoice(given: unknown, choices: readonly string[], method: string, name: string): void {
  if (choices.includes(given as string)) return
  const listed = choices.map((choice) => `'${choice}'`).join(' or ')
  const got = typeof given === 'string' ? JSON.stringify(given.slice(0, 80)) : describeType(given)
  throw new TypeError(`${method} takes ${listed} for ${name}: got ${got}`)
}

/** Throws for unknown options: `{ tiemout: 60 }` must not silently mean the default. */
export function checkBag(given: unknown, known: readonly string[], method: string): void {
  if (!isPlainObject(given)) {
    throw new TypeError(
      `${method} takes a plain object of options (${known.join(', ')}): got ${describeType(given)}` +
        (known.includes('default') ? '; a default is given as { default: … }' : ''),
    )
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name))
      throw new TypeError(`${method} has no option "${name}": it takes ${known.join(', ')}`)
  }
}

/** True for an object literal or one without a prototype, of any realm. */
export function isPlainObject(given: unknown): given is object {
  if (typeof given !== 'object' || given === null) return false
  const prototype: unknown = Object.getPrototypeOf(given)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

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
import { randomFraction, type TestSeams, timerSleep, tokenOf } from './test-seams.ts'

/** How a cache is set up. `A` is the adapter's type: a {@link SyncAdapter} gives a cache with sync twins. */
export interface CacheOptions<A extends Adapter = Adapter>
  extends Pick<TestSeams, 'clock' | 'random' | 'sleep'> {
  /** The place: `memoryAdapter()`, `indexedDBAdapter({ name })`, `kvAdapter({ kv, shards })`, or one of your own. */
  readonly adapter: A
  /** Default timeout in seconds, `null` = never expires. Default 300, as Django's `TIMEOUT`. */
  readonly timeout?: Timeout | undefined
  /** Keeps caches on one store apart, and is what `aclear` clears. Default `''`: `aclear` clears the whole store. */
  readonly keyPrefix?: string | undefined
  /** The version of a call that names none. Default 1. */
  readonly version?: Version | undefined
  /** Makes the final key. Default {@link defaultKeyFunction}: `prefix:version:key`. */
  readonly keyFunction?: KeyFunction | undefined
  /**
   * What happens to a final key of more than 250 characters, or with spaces or control characters: `'warn'` (default)
   * tells `onWarning` once, `'strict'` throws `INVALID_KEY`, `'off'` takes it as it is.
   */
  readonly keys?: 'warn' | 'strict' | 'off' | undefined
  /** Hears each warning once. Default `console.warn`. What it throws goes to `console.error` and changes no answer. */
  readonly onWarning?: ((warning: CacheWarning) => void) | undefined
  /**
   * Hears of each read that failed because the store did, and says what becomes of it: `'throw'`, or `'miss'`, so that the
   * cache's users go on without it. `agetOrSet` then loads, and gives what it could not store. Without it every failure
   * throws; writes, counters, `aadd` and locks always do. If it throws, or gives anything else, the failure is thrown; an
   * error of its own goes to `console.error`.
   */
  readonly onError?: ((error: CacheError) => 'throw' | 'miss') | undefined
  /**
   * Seconds to wait for one answer of the store; then the call fails with `ADAPTER_FAILED`, and a write or clear may still
   * happen. Default 30, `null` = any time. A loader's own time does not count. Nothing in memory needs it.
   */
  readonly operationTimeout?: number | null | undefined
}

/** The options of `adelete`, `adeleteMany`, `aincrVersion` and `adecrVersion`. */
export interface KeyOptions {
  /** Which version of the key is meant. Default: the cache's `version`. */
  readonly version?: Version | undefined
}

/** The options of `ahasKey`, `attl` and `agetMany`. */
export interface ReadOptions extends KeyOptions {
  /**
   * `true`: what is stored now, asked of its owner, where reads may otherwise be answered by a copy nearby
   * (`adapter.supports.staleness`). Default `false`.
   */
  readonly fresh?: boolean | undefined
}

/** The options of `apop`. */
export interface PopOptions<D = undefined> extends KeyOptions {
  /** Given back instead of `undefined` when the key is missing or expired. */
  readonly default?: D
}

/** The options of `aget`. */
export interface GetOptions<D = undefined> extends PopOptions<D>, ReadOptions {}

/** The options of `aset`, `aadd`, `atouch` and `asetMany`. */
export interface SetOptions extends KeyOptions {
  /** Seconds; `null` = never; 0 or less = not cached. Left out: the cache's default. */
  readonly timeout?: Timeout | undefined
}

/** The options of `aincr` and `adecr`. */
export interface IncrOptions extends KeyOptions {
  /** Where to count from when the key is missing or expired, instead of failing: a safe integer. */
  readonly initial?: number | undefined
  /** Seconds that a counter made by `initial` lives; one that is there keeps its own deadline. Not without `initial`. */
  readonly timeout?: Timeout | undefined
}

/** The options of `lock`. */
export interface LockOptions extends KeyOptions {
  /** Seconds after which the lock is open again, whatever became of its holder. More than 0. */
  readonly timeout: number
}

/** The options of `alock`. */
export interface WaitingLockOptions extends LockOptions {
  /** Seconds to keep trying. Default 0: one attempt. */
  readonly wait?: number | undefined
}

/** The options of `agetOrSet`. */
export interface GetOrSetOptions extends SetOptions, ReadOptions {
  /** Lets this caller stop waiting; the load goes on, for others who wait, and its result is stored. */
  readonly signal?: AbortSignal | undefined
}

/** Where a timeout may stand, a bag of options may stand instead. */
export type TimeoutOr<Options> = Timeout | Options | undefined

export type ResolvedOptions = { readonly [K in keyof CacheOptions]-?: Exclude<CacheOptions[K], undefined> }

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
    'clock',
    'random',
    'sleep',
  ]
  // First of all, so that whoever gives the adapter itself is told.
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
    clock,
    random = randomFraction,
    sleep = timerSleep,
  } = options
  checkTimeout(timeout, 'createCache')
  checkVersion(version, 'createCache')
  if (typeof keyPrefix !== 'string')
    throw new TypeError(`createCache takes a string for keyPrefix: got ${describeType(keyPrefix)}`)
  if (!keyPrefix.isWellFormed())
    throw new TypeError('createCache takes well-formed text for keyPrefix: it has a lone surrogate')
  if (operationTimeout !== null && typeof operationTimeout !== 'number')
    throw new TypeError(
      `createCache takes seconds or null for operationTimeout: got ${describeType(operationTimeout)}`,
    )
  if (operationTimeout !== null && !(operationTimeout > 0))
    throw new RangeError(
      `createCache takes more than 0 seconds for operationTimeout, or null for any time: got ${operationTimeout}`,
    )
  for (const name of ['keyFunction', 'onWarning', 'onError', 'clock', 'random', 'sleep'] as const) {
    const given: unknown = options[name]
    if (given !== undefined && typeof given !== 'function')
      throw new TypeError(`createCache takes a function for ${name}: got ${describeType(given)}`)
  }
  checkChoice(keys, ['warn', 'strict', 'off'], 'createCache', 'keys')
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
    // The platform's clock needs no check, and is asked on every call.
    clock: clock === undefined ? () => Date.now() : checkedClock(clock),
    random: () => tokenOf(random),
    sleep,
  })
}

function isAdapter(adapter: unknown): boolean {
  if (typeof adapter !== 'object' || adapter === null) return false
  const { supports } = adapter as Adapter
  if (typeof supports !== 'object' || supports === null) return false
  const methods = ['read', 'commit', 'clear', 'close'] as const
  return methods.every((name) => typeof (adapter as Adapter)[name] === 'function')
}

/** Refuses a word that is none of those to choose among. */
export function checkChoice(given: unknown, choices: readonly string[], method: string, name: string): void {
  if (choices.includes(given as string)) return
  const listed = choices.map((choice) => `'${choice}'`).join(' or ')
  const got = typeof given === 'string' ? JSON.stringify(given.slice(0, 80)) : describeType(given)
  throw new TypeError(`${method} takes ${listed} for ${name}: got ${got}`)
}

/** Options are closed: `{ tiemout: 60 }` must not quietly mean the default. */
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

/** An object of no class, from whatever realm. */
export function isPlainObject(given: unknown): given is object {
  if (typeof given !== 'object' || given === null) return false
  const prototype: unknown = Object.getPrototypeOf(given)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * What went wrong, as a stable name to branch on.
 *
 * - `KEY_NOT_FOUND`: `incr`, `decr`, `incrVersion` or `decrVersion` of a key that is missing or expired.
 * - `NOT_AN_INTEGER`: `incr` or `decr` of a stored value that is not a safe integer.
 * - `OUT_OF_RANGE`: the result of `incr` or `decr` would leave the safe integers.
 * - `INVALID_KEY`: the key cannot be stored here (malformed text, too long, refused by `keys: 'strict'`).
 * - `INVALID_VALUE`: the value has a part that no adapter can keep (function, symbol, class instance, …).
 * - `VALUE_TOO_LARGE`: the value is storable, but larger than this adapter's limit, or heavier than its `maxBytes`.
 * - `INVALID_CACHE`: a named cache that is not configured, or whose configuration is broken; or an IndexedDB database of
 *   that name that is not nearcache's. The message names it.
 * - `UNSUPPORTED`: the adapter cannot do this as it is set up; the message says what it lacks.
 * - `QUOTA_EXCEEDED`: the browser gives this origin no more room; `estimate` has its figures. What was stored stays.
 * - `ADAPTER_FAILED`: the store itself failed; `cause` has its error. Never reported as a miss.
 */
export type CacheErrorCode =
  | 'KEY_NOT_FOUND'
  | 'NOT_AN_INTEGER'
  | 'OUT_OF_RANGE'
  | 'INVALID_KEY'
  | 'INVALID_VALUE'
  | 'VALUE_TOO_LARGE'
  | 'INVALID_CACHE'
  | 'UNSUPPORTED'
  | 'QUOTA_EXCEEDED'
  | 'ADAPTER_FAILED'

/** Bytes that the origin's storage takes and may take, where the browser tells. */
export interface StorageFigures {
  /** Bytes in use. */
  readonly usage: number | undefined
  /** Bytes allowed. */
  readonly quota: number | undefined
}

export interface CacheErrorOptions extends ErrorOptions {
  readonly key?: string | undefined
  readonly estimate?: StorageFigures | undefined
}

/**
 * The one error class of nearcache. Misuse of the API (a timeout that is not a number, an unknown option)
 * is a built-in `TypeError` or `RangeError` instead, since nobody should need to catch it.
 *
 * @example Counting a key that may be missing
 * ```ts
 * import { createCache, isCacheError } from 'nearcache'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const cache = createCache({ adapter: memoryAdapter() })
 * try {
 *   await cache.aincr('visits')
 * } catch (error) {
 *   if (!isCacheError(error, 'KEY_NOT_FOUND')) throw error
 *   await cache.aadd('visits', 1)
 * }
 * ```
 */
export class CacheError extends Error {
  override readonly name = 'CacheError'
  /** What went wrong: messages may change, codes do not. */
  readonly code: CacheErrorCode
  /** The caller's own key, where one key is to blame. */
  readonly key?: string
  /** What the browser said of the origin's storage, in bytes; with `QUOTA_EXCEEDED`. */
  readonly estimate?: StorageFigures

  constructor(code: CacheErrorCode, message: string, options: CacheErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    if (options.key !== undefined) this.key = options.key
    if (options.estimate !== undefined) this.estimate = options.estimate
  }
}

declare const asked: unique symbol

/** A {@link CacheError} whose code is known to the compiler: what {@link isCacheError} tells of an error and a code. */
export type CacheErrorWith<Code extends CacheErrorCode> = CacheError & {
  readonly code: Code
  /** Never there. Without it, an error that has not this code would be no `CacheError` at all to the compiler. */
  readonly [asked]?: never
}

/**
 * Tells whether `error` is a {@link CacheError}, and of the given `code` where one is named.
 * Works by name rather than by class, so that two copies of the library in one bundle understand each other.
 *
 * @example
 * ```ts
 * import { createCache, isCacheError } from 'nearcache'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const cache = createCache({ adapter: memoryAdapter() })
 * const error = await cache.aincr('missing').catch((reason: unknown) => reason)
 * isCacheError(error, 'KEY_NOT_FOUND') // true
 * isCacheError(error, 'ADAPTER_FAILED') // false
 * ```
 */
export function isCacheError(error: unknown): error is CacheError
/** Tells whether `error` is a {@link CacheError} of the given `code`; of any code if that is `undefined`. */
export function isCacheError<Code extends CacheErrorCode>(
  error: unknown,
  code: Code | undefined,
): error is CacheErrorWith<Code>
export function isCacheError(error: unknown, code?: CacheErrorCode): error is CacheError {
  return (
    error instanceof Error &&
    error.name === 'CacheError' &&
    'code' in error &&
    (code === undefined || error.code === code)
  )
}

/** Shows a key in a message: quoted, and cut where it would drown the sentence. */
export function quoteKey(key: string): string {
  return key.length <= 80
    ? JSON.stringify(key)
    : `${JSON.stringify(key.slice(0, 80))}… (${key.length} characters)`
}

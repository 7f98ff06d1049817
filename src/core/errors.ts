/**
 * The stable code of an error.
 *
 * - `KEY_NOT_FOUND`: `incr`, `decr`, `incrVersion` or `decrVersion` was called for a missing or expired key.
 * - `NOT_AN_INTEGER`: `incr` or `decr` was called for a stored value that is not a safe integer.
 * - `OUT_OF_RANGE`: the result of `incr` or `decr` would not be a safe integer.
 * - `INVALID_KEY`: the adapter cannot store the key (malformed string, too long, rejected by `keys:
 *   'strict'`).
 * - `INVALID_VALUE`: the value has a part that cannot be cached (function, symbol, class instance, …).
 * - `VALUE_TOO_LARGE`: the value exceeds the adapter's limit, or its `maxBytes`.
 * - `INVALID_CACHE`: the named cache is not configured, or its options are invalid; or the IndexedDB database
 *   of that name was not created by nearcache. The message names it.
 * - `UNSUPPORTED`: the adapter does not support this with its current configuration. The message says what is
 *   missing.
 * - `QUOTA_EXCEEDED`: the browser's storage quota is exhausted. `estimate` has the numbers. Stored entries
 *   stay.
 * - `ADAPTER_FAILED`: the store itself failed. `cause` has its error. Never reported as a miss.
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

/** The storage of this origin in bytes, if the browser reports it. */
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
 * The error class of nearcache. Misuse of the API (a timeout that is not a number, an unknown option) throws
 * a built-in `TypeError` or `RangeError` instead, because no caller should need to catch it.
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
  /** What went wrong. Codes are stable, messages are not. */
  readonly code: CacheErrorCode
  /** The caller's own key, if the error concerns one key. */
  readonly key?: string
  /** The origin's storage as the browser reports it, with `QUOTA_EXCEEDED`. */
  readonly estimate?: StorageFigures

  constructor(code: CacheErrorCode, message: string, options: CacheErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    if (options.key !== undefined) this.key = options.key
    if (options.estimate !== undefined) this.estimate = options.estimate
  }
}

declare const asked: unique symbol

/** A {@link CacheError} with a known code: the type that {@link isCacheError} narrows to. */
export type CacheErrorWith<Code extends CacheErrorCode> = CacheError & {
  readonly code: Code
  /** Never present. Without it, TypeScript would narrow an error with another code to `never`. */
  readonly [asked]?: never
}

/**
 * Returns true if `error` is a {@link CacheError}, with the given `code` if one is passed. Checks the name,
 * not the class, so that it also works across two copies of the library in one bundle.
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
/** Returns true if `error` is a {@link CacheError} with the given `code`. With `undefined`, any code matches. */
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

/** Formats a key for a message: quoted, and shortened if it is long. */
export function quoteKey(key: string): string {
  return key.length <= 80
    ? JSON.stringify(key)
    : `${JSON.stringify(key.slice(0, 80))}… (${key.length} characters)`
}

/** The error of a listing, where there can be none. */
export function noListing(method: string, why: string): CacheError {
  return new CacheError('UNSUPPORTED', `${method} failed: ${why}`)
}

/** The error of a call that needs tags, on an adapter without them. */
export function noTags(adapter: { readonly name: string }, method: string): CacheError {
  return new CacheError('UNSUPPORTED', `${method} failed: the ${adapter.name} adapter has no tags`)
}

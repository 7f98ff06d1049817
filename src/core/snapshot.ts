import { Copier } from './copier.ts'
import { CacheError } from './errors.ts'
import { invalid, isObject, isRefusedPrimitive, nameOf, refuse, unreadable } from './value-errors.ts'

/**
 * Deep-copies a value. Throws `INVALID_VALUE` with the path to any part that some adapter could not store and
 * return unchanged. This function defines which values can be cached:
 *
 * - primitives except symbols; `undefined` only inside a value;
 * - plain objects (own enumerable string keys, any name), arrays (elements and holes);
 * - Date, RegExp, Map, Set, BigInt, Error (standard class, message, cause), ArrayBuffer, DataView, typed
 *   arrays (the bytes of the view; a Node Buffer comes back as a Uint8Array);
 * - cycles and shared references, which are preserved.
 */
export function snapshot<T>(value: T, key: string, method: string): T {
  if (!isObject(value)) {
    if (value === undefined || isRefusedPrimitive(value)) throw refuse(value, [], key, method)
    return value
  }
  try {
    const flat = Object.getOwnPropertySymbols(value).length === 0 ? copyFlat(value) : undefined
    return (flat ?? new Copier(key, method).copy(value, 0)) as T
  } catch (error) {
    // A getter threw or a proxy is revoked: the value is at fault.
    if (error instanceof CacheError) throw error
    throw unreadable(key, method, error)
  }
}

/**
 * Returns a value to store uncopied. Refuses only a promise or another object with a `then` method: an async
 * method that returned it would await it and resolve to something else.
 */
export function sharedValue<T>(value: T, key: string, method: string): T {
  let hasThen: boolean
  try {
    hasThen = isThenable(value)
  } catch (cause) {
    throw unreadable(key, method, cause)
  }
  if (hasThen)
    throw invalid(`it is ${nameOf(value as object)} with a method "then": await it`, [], key, method)
  return value
}

/** True if `await` would wait for the value: a promise of any realm, or another thenable. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (isObject(value) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** Copies a value that {@link snapshot} made. It needs no checks. */
export function copyOf<T>(value: T, key: string): T {
  return isObject(value) ? ((copyFlat(value) ?? new Copier(key, 'A read', true).copy(value, 0)) as T) : value
}

/**
 * Copies a plain object that holds only primitives and has no symbol keys, like most cached records. Returns
 * `undefined` for anything else.
 */
function copyFlat(source: object): object | undefined {
  if (Object.getPrototypeOf(source) !== Object.prototype) return undefined
  const copy: Record<string, unknown> = { ...source }
  for (const name in copy) {
    const part = copy[name]
    if (isObject(part) || isRefusedPrimitive(part)) return undefined
  }
  return copy
}

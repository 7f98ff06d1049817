import { Copier } from './copier.ts'
import { CacheError } from './errors.ts'
import { invalid, isObject, isRefusedPrimitive, nameOf, refuse, unreadable } from './value-errors.ts'

/**
 * Copies a value all the way down, and refuses with `INVALID_VALUE` and the path to the culprit whatever some
 * adapter could not give back as it went in. It is what makes cached values snapshots, and the one definition of
 * what may be cached:
 *
 * - primitives but symbols; `undefined` only inside a value;
 * - plain objects (own enumerable text keys, any name), arrays (elements and holes);
 * - Date, RegExp, Map, Set, BigInt, Error (standard class, message, cause), ArrayBuffer, DataView, typed arrays
 *   (the bytes they show; a Node Buffer comes back as the Uint8Array it is);
 * - cycles and shared references, which stay cycles and shared.
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
    // A getter that throws, a revoked proxy: the value's own fault, told as such.
    if (error instanceof CacheError) throw error
    throw unreadable(key, method, error)
  }
}

/**
 * A value that is kept uncopied. Unchecked but for one thing: a promise, or whatever else has a `then`, would be
 * awaited by whoever gets it from an async method, and come out as something else.
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

/** Whether `await` would wait for it: a promise, of this realm or another, or what acts as one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (isObject(value) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** A copy of what {@link snapshot} made, which needs no checks: whatever was stored can be read. */
export function copyOf<T>(value: T, key: string): T {
  return isObject(value) ? ((copyFlat(value) ?? new Copier(key, 'A read', true).copy(value, 0)) as T) : value
}

/** A plain object of primitives without symbols for names, as most cached records are; of anything else `undefined`. */
function copyFlat(source: object): object | undefined {
  if (Object.getPrototypeOf(source) !== Object.prototype) return undefined
  const copy: Record<string, unknown> = { ...source }
  for (const name in copy) {
    const part = copy[name]
    if (isObject(part) || isRefusedPrimitive(part)) return undefined
  }
  return copy
}

import { checkTimeout, describeType, type Timeout } from './expiry.ts'
import { checkVersion } from './keys.ts'
import { checkBag, isPlainObject, type KeyOptions, type SetOptions, type TimeoutOr } from './options.ts'
import { isThenable } from './snapshot.ts'

// Every check is given the name of the public method that was called, which begins its message.

/** Refuses a key that is not a string. */
export function checkKey(key: unknown, method: string): void {
  if (typeof key !== 'string')
    throw new TypeError(`${method} takes a string for key: got ${describeType(key)}`)
}

export function checkInteger(value: unknown, method: string, name: string): void {
  if (typeof value !== 'number') throw wrong(method, 'a number', name, value)
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${method} takes a safe integer for ${name}: got ${value}`)
}

type Check = (value: unknown, method: string, name: string) => void

/** What each option must be, whichever method takes it; `default` may be anything. `undefined` means "not given". */
const CHECKS: Readonly<Record<string, Check>> = {
  version: checkVersion,
  timeout: checkTimeout,
  initial: checkInteger,
  fresh: checkBoolean,
  initializedOnly: checkBoolean,
  wait: (value, method, name) => {
    if (typeof value !== 'number' || Number.isNaN(value))
      throw wrong(method, 'a number of seconds', name, value)
  },
  signal: (value, method, name) => {
    if (!isAbortSignal(value)) throw wrong(method, 'an AbortSignal', name, value)
  },
}

function checkBoolean(value: unknown, method: string, name: string): void {
  if (typeof value !== 'boolean') throw wrong(method, 'true or false', name, value)
}

/** By what is asked of it, so that the signals of other realms and of polyfills are taken. */
function isAbortSignal(value: unknown): boolean {
  const { aborted, throwIfAborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  return (
    typeof aborted === 'boolean' &&
    typeof throwIfAborted === 'function' &&
    typeof addEventListener === 'function'
  )
}

function wrong(method: string, what: string, name: string, given: unknown): TypeError {
  return new TypeError(`${method} takes ${what} for ${name}: got ${describeType(given)}`)
}

/** The options of a call, all of them checked. */
export function readOptions<O extends object>(
  given: O | undefined,
  known: readonly string[],
  method: string,
): O {
  if (given === undefined) return NOTHING as O
  checkBag(given, known, method)
  for (const name of Object.keys(given)) {
    const value = given[name as keyof O]
    if (value !== undefined) CHECKS[name]?.(value, method, name)
  }
  return given
}

const NOTHING: Record<never, never> = Object.freeze({})

/** The timeout in what stands where a timeout may stand, once all options there are checked. */
export function readTimeout(
  given: TimeoutOr<SetOptions>,
  known: readonly string[],
  method: string,
): Timeout | undefined {
  if (typeof given === 'object' && given !== null) return readOptions(given, known, method).timeout
  checkTimeout(given, method)
  return given
}

/** The version in what may be a bare timeout. */
export function versionIn<V>(given: TimeoutOr<KeyOptions & { readonly version?: V }>): V | undefined {
  return typeof given === 'object' && given !== null ? given.version : undefined
}

/** What `asetMany` takes: an object, a Map, or any iterable of pairs. */
export type SetManyData = Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>

/** What to walk through for the pairs of `data`. Refused is all that would quietly come to none, or to other pairs. */
export function pairsIn(data: SetManyData, method: string): Iterable<unknown> {
  if (isRecord(data)) return Object.entries(data)
  if (isCollection(data)) return data
  throw new TypeError(`${method} takes ${PAIRS}: got ${describeType(data)}${waiting(data)}`)
}

const PAIRS = 'an object, a Map or an iterable of [key, value] pairs'

export function checkPair(pair: unknown, method: string): asserts pair is readonly [string, unknown] {
  // A text would come apart into letters: 'ab' into the key 'a' and the value 'b'.
  if (!Array.isArray(pair) || pair.length !== 2) {
    const got = Array.isArray(pair) ? `an array of ${pair.length}` : describeType(pair)
    throw new TypeError(`${method} takes ${PAIRS}: one of them is no pair, but ${got}`)
  }
  checkKey(pair[0], method)
}

/** Refuses what is no collection of keys; each of them is to be checked by itself. */
export function checkKeys(keys: unknown, method: string): asserts keys is Iterable<unknown> {
  if (isCollection(keys) && !(keys instanceof Map)) return
  let hint = waiting(keys)
  if (typeof keys === 'string') hint = `; for one key, [${JSON.stringify(keys.slice(0, 80))}]`
  else if (keys instanceof Map) hint = '; pass its keys()'
  else if (isRecord(keys)) hint = '; pass its Object.keys()'
  throw new TypeError(
    `${method} takes an iterable of keys, such as an array: got ${describeType(keys)}${hint}`,
  )
}

function isCollection(given: unknown): given is Iterable<unknown> {
  return (
    typeof given === 'object' &&
    given !== null &&
    // Of numbers and of letters: an empty one would pass for no keys at all.
    !ArrayBuffer.isView(given) &&
    !(given instanceof String) &&
    Symbol.iterator in given &&
    typeof given[Symbol.iterator] === 'function'
  )
}

/** What to do with data that is still to come. */
function waiting(given: unknown): string {
  if (isThenable(given)) return '; await it first'
  const isStream = typeof given === 'object' && given !== null && Symbol.asyncIterator in given
  return isStream ? '; collect it first, for instance with Array.fromAsync' : ''
}

/** An object that is a record, not a list. A promise-like one is no data but a forgotten `await`. */
function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return isPlainObject(given) && !(Symbol.iterator in given) && !isThenable(given)
}

import { checkTimeout, describeType, type Timeout } from './expiry.ts'
import { checkVersion } from './keys.ts'
import { checkBag, isPlainObject, type KeyOptions, type TimeoutOr, type TouchOptions } from './options.ts'
import { isSchema } from './schema.ts'
import { isThenable } from './snapshot.ts'

// Every check takes the name of the public method that was called. Its error message starts with that name.

export function checkKey(key: unknown, method: string): void {
  if (typeof key !== 'string')
    throw new TypeError(`${method} takes a string for key: got ${describeType(key)}`)
}

export function checkInteger(value: unknown, method: string, name: string): void {
  if (typeof value !== 'number') throw wrongType(method, 'a number', name, value)
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${method} takes a safe integer for ${name}: got ${value}`)
}

type Check = (value: unknown, method: string, name: string) => void

/** The check of each option, whichever method takes it. `default` may be anything. `undefined` means "not given". */
const CHECKS: Readonly<Record<string, Check>> = {
  version: checkVersion,
  timeout: checkTimeout,
  initial: checkInteger,
  fresh: checkBoolean,
  initializedOnly: checkBoolean,
  keepAge: checkBoolean,
  staleWhileRevalidate: checkWindow,
  staleIfError: checkWindow,
  softTimeout: checkPositive,
  hardTimeout: checkPositive,
  tags: checkTags,
  jitter: (value, method, name) => {
    if (typeof value !== 'number') throw wrongType(method, 'a number', name, value)
    if (!(value >= 0 && value <= 1))
      throw new RangeError(`${method} takes a fraction from 0 to 1 for ${name}: got ${value}`)
  },
  earlyRefresh: (value, method, name) => {
    if (typeof value !== 'boolean') checkPositive(value, method, name)
  },
  schema: (value, method, name) => {
    if (!isSchema(value)) throw wrongType(method, 'a Standard Schema', name, value)
  },
  status: (value, method, name) => {
    if (typeof value !== 'object' || value === null)
      throw wrongType(method, 'an object to fill in', name, value)
  },
  waitUntil: (value, method, name) => {
    if (typeof value !== 'function') throw wrongType(method, 'a function', name, value)
  },
  wait: (value, method, name) => {
    if (typeof value !== 'number' || Number.isNaN(value))
      throw wrongType(method, 'a number of seconds', name, value)
  },
  signal: (value, method, name) => {
    if (!isAbortSignal(value)) throw wrongType(method, 'an AbortSignal', name, value)
  },
}

function checkWindow(value: unknown, method: string, name: string): void {
  checkTimeout(value, method, name, 'no end')
}

function checkBoolean(value: unknown, method: string, name: string): void {
  if (typeof value !== 'boolean') throw wrongType(method, 'true or false', name, value)
}

function checkPositive(value: unknown, method: string, name: string): void {
  if (typeof value !== 'number') throw wrongType(method, 'a number', name, value)
  if (!(value > 0)) throw new RangeError(`${method} takes more than 0 for ${name}: got ${value}`)
}

/** An empty tag is a mistake, and a lone surrogate does not survive encoding. */
export function checkTags(tags: unknown, method: string, name = 'tags'): asserts tags is readonly string[] {
  if (!Array.isArray(tags)) throw wrongType(method, 'an array of strings', name, tags)
  for (const tag of tags as readonly unknown[]) {
    if (typeof tag !== 'string') throw wrongType(method, 'an array of strings', name, tag)
    if (tag === '' || !tag.isWellFormed())
      throw new TypeError(
        `${method} takes non-empty, well-formed strings for ${name}: got ${JSON.stringify(tag)}`,
      )
  }
}

/** Checks the members, not the class, so that signals of other realms and of polyfills are accepted. */
function isAbortSignal(value: unknown): boolean {
  const { aborted, throwIfAborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  return (
    typeof aborted === 'boolean' &&
    typeof throwIfAborted === 'function' &&
    typeof addEventListener === 'function'
  )
}

export function wrongType(method: string, what: string, name: string, given: unknown): TypeError {
  return new TypeError(`${method} takes ${what} for ${name}: got ${describeType(given)}`)
}

/** Checks all options of a call and returns them. */
export function readOptions<O extends object>(
  given: O | undefined,
  known: readonly string[],
  method: string,
): O {
  if (given === undefined) return NO_OPTIONS as O
  checkBag(given, known, method)
  for (const name of Object.keys(given)) {
    const value = given[name as keyof O]
    if (value !== undefined) CHECKS[name]?.(value, method, name)
  }
  return given
}

const NO_OPTIONS: Record<never, never> = Object.freeze({})

/** Returns the timeout from an argument that is either a bare timeout or an options object, after checking it. */
export function readTimeout(
  given: TimeoutOr<TouchOptions>,
  known: readonly string[],
  method: string,
): Timeout | undefined {
  if (typeof given === 'object' && given !== null) return readOptions(given, known, method).timeout
  checkTimeout(given, method)
  return given
}

/** Returns the options from such an argument, after checking it. */
export function readOptionsOrTimeout<O extends TouchOptions>(
  given: TimeoutOr<O>,
  known: readonly string[],
  method: string,
): O | TouchOptions {
  if (typeof given === 'object' && given !== null) return readOptions(given as O, known, method)
  checkTimeout(given, method)
  return given === undefined ? NO_OPTIONS : { timeout: given }
}

/** Returns the version from such an argument. */
export function versionIn<V>(given: TimeoutOr<KeyOptions & { readonly version?: V }>): V | undefined {
  return typeof given === 'object' && given !== null ? given.version : undefined
}

/** The data of `asetMany`: an object, a Map or any iterable of pairs. */
export type SetManyData = Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>

/** Returns the pairs of `data` to iterate. Rejects objects that would silently yield no pairs, or other pairs. */
export function pairsIn(data: SetManyData, method: string): Iterable<unknown> {
  if (isRecord(data)) return Object.entries(data)
  if (isCollection(data)) return data
  throw new TypeError(`${method} takes ${PAIRS}: got ${describeType(data)}${adviceForPending(data)}`)
}

const PAIRS = 'an object, a Map or an iterable of [key, value] pairs'

export function checkPair(pair: unknown, method: string): asserts pair is readonly [string, unknown] {
  // A string would be destructured into characters: 'ab' into the key 'a' and the value 'b'.
  if (!Array.isArray(pair) || pair.length !== 2) {
    const got = Array.isArray(pair) ? `an array of ${pair.length}` : describeType(pair)
    throw new TypeError(`${method} takes ${PAIRS}: one of them is not a pair but ${got}`)
  }
  checkKey(pair[0], method)
}

/** Checks that `keys` is a collection. The caller checks each key. */
export function checkKeys(keys: unknown, method: string): asserts keys is Iterable<unknown> {
  if (isCollection(keys) && !(keys instanceof Map)) return
  let hint = adviceForPending(keys)
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
    // Typed arrays and strings iterate over numbers and characters. An empty one would look like "no keys".
    !ArrayBuffer.isView(given) &&
    !(given instanceof String) &&
    Symbol.iterator in given &&
    typeof given[Symbol.iterator] === 'function'
  )
}

/** Returns advice for data that is not available yet. */
function adviceForPending(given: unknown): string {
  if (isThenable(given)) return '; await it first'
  const isStream = typeof given === 'object' && given !== null && Symbol.asyncIterator in given
  return isStream ? '; collect it first, for instance with Array.fromAsync' : ''
}

/** True for a plain object that is not iterable. A promise-like object is not data: the caller forgot `await`. */
function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return isPlainObject(given) && !(Symbol.iterator in given) && !isThenable(given)
}

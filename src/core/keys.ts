import { CacheError, quoteKey } from './errors.ts'
import { describeType } from './expiry.ts'

/** The version part of the final key. `1` and `'1'` are the same version. Only numbers work with `incrVersion`. */
export type Version = number | string

/** Builds the final key. Must be pure: it runs on every call. */
export type KeyFunction = (key: string, keyPrefix: string, version: Version) => string

/** The argument of `onWarning`: a key that may not work in another cache, or a failure that no call reports. */
export interface CacheWarning {
  /**
   * `KEY_CHARACTERS`: the key has a space or control character. `KEY_LENGTH`: it has more than 250
   * characters. `TOO_MANY_WARNINGS`: the last of these, after 1,000 others. `LOAD_FAILED`: `agetOrSet` returned
   * an old value, because loading a new one failed; not given to a cache with `onEvent`.
   */
  readonly code: 'KEY_CHARACTERS' | 'KEY_LENGTH' | 'TOO_MANY_WARNINGS' | 'LOAD_FAILED'
  /** The final key; with `LOAD_FAILED`, the caller's own. */
  readonly key: string
  /** A message to show or log. */
  readonly message: string
  /** Why the load failed, with `LOAD_FAILED`. */
  readonly cause?: unknown
}

/** Django's limit, from memcached. A shorter key works in any other cache too. */
export const MAX_KEY_LENGTH = 250

/**
 * Builds Django's final key, `prefix:version:key`. `%` and `:` in the prefix and version are percent-encoded,
 * so two different (prefix, version, key) triples never have the same final key.
 * @example
 * ```ts
 * import { defaultKeyFunction } from 'nearcache'
 *
 * defaultKeyFunction('user:1', 'app', 2) // 'app:2:user:1'
 * defaultKeyFunction('user:1', 'my:app', 1) // 'my%3Aapp:1:user:1'
 * ```
 */
export const defaultKeyFunction: KeyFunction = (key, keyPrefix, version) =>
  `${escapePart(keyPrefix)}:${escapePart(String(version))}:${key}`

function escapePart(part: string): string {
  return part.replace(/[%:]/g, (character) => (character === ':' ? '%3A' : '%25'))
}

export interface KeyspaceOptions {
  readonly keyPrefix: string
  readonly version: Version
  readonly keyFunction: KeyFunction
  readonly keys: 'warn' | 'strict' | 'off'
  readonly onWarning: (warning: CacheWarning) => void
  readonly maxKeyBytes: number | null
}

/**
 * Turns a caller's key into the stored key. Every stored key starts with the *scope*, `prefix:`, so that
 * clearing a prefix means clearing one range of keys. Final keys of the default key function start with it
 * anyway. Those of a custom key function are stored behind `prefix::`, which no version can produce.
 */
export class Keyspace {
  /** The start of every stored key of this cache, and what `clear` removes. `''` without a prefix: everything. */
  readonly scope: string
  /** True with the default key function: a stored key is then `prefix:version:` followed by the caller's own key. */
  readonly hasPrefixes: boolean
  readonly #options: KeyspaceOptions
  readonly #tagPrefix: string
  readonly #storedPrefix: string
  readonly #defaultPrefix: string
  readonly #safeLength: number
  readonly #warned = new Set<string>()

  constructor(options: KeyspaceOptions) {
    this.#options = options
    const escapedPrefix = `${escapePart(options.keyPrefix)}:`
    this.scope = options.keyPrefix === '' ? '' : escapedPrefix
    this.#tagPrefix = escapedPrefix
    this.hasPrefixes = options.keyFunction === defaultKeyFunction
    this.#storedPrefix = this.hasPrefixes ? '' : `${escapedPrefix}:`
    this.#defaultPrefix = this.hasPrefixes ? defaultKeyFunction('', options.keyPrefix, options.version) : ''
    const shortest = Math.min(MAX_KEY_LENGTH, options.maxKeyBytes ?? MAX_KEY_LENGTH)
    this.#safeLength = isSafe(this.#defaultPrefix, shortest) ? shortest - this.#defaultPrefix.length : -1
  }

  /** Returns `prefix:version:` for `version`. Only if {@link hasPrefixes}. */
  prefix(version: Version | undefined): string {
    return version === undefined
      ? this.#defaultPrefix
      : defaultKeyFunction('', this.#options.keyPrefix, version)
  }

  /** Returns the stored tag: caches with different prefixes do not share tags. */
  storedTag(tag: string): string {
    return this.#tagPrefix + tag
  }

  /** Returns the caller's own tag. */
  userTagOf(storedTag: string): string {
    return storedTag.slice(this.#tagPrefix.length)
  }

  /** True for a stored tag of this cache's prefix. */
  ownsTag(storedTag: string): boolean {
    return storedTag.startsWith(this.#tagPrefix)
  }

  /** Checks a key without returning its stored key. */
  check(key: string, version: Version | undefined, method: string): void {
    if (version !== undefined || !isSafe(key, this.#safeLength)) this.storedKey(key, version, method)
  }

  /** Returns the stored key of `key` at `version` (default: the cache's own), after all checks. */
  storedKey(key: string, version: Version | undefined, method: string): string {
    // Fast path for most keys: no further checks and no encoding.
    if (version === undefined && this.hasPrefixes && isSafe(key, this.#safeLength)) {
      return this.#defaultPrefix + key
    }
    // Check the user's key too: a key function may turn different malformed keys into the same well-formed
    // one.
    if (!key.isWellFormed()) throw malformed(key, method)
    const { keyFunction, keyPrefix } = this.#options
    const at = version ?? this.#options.version
    const finalKey = keyFunction(key, keyPrefix, at)
    this.#check(finalKey, key, method)
    return this.#storedPrefix + finalKey
  }

  #check(finalKey: string, key: string, method: string): void {
    if (typeof finalKey !== 'string') {
      throw new TypeError(
        `${method}(${quoteKey(key)}) failed: keyFunction must return a string: got ${describeType(finalKey)}`,
      )
    }
    if (!finalKey.isWellFormed()) throw malformed(key, method)
    const { keys, maxKeyBytes } = this.#options
    if (maxKeyBytes !== null && isLongerThan(this.#storedPrefix + finalKey, maxKeyBytes)) {
      throw new CacheError(
        'INVALID_KEY',
        `${method} cannot use key ${quoteKey(key)}: with its prefix and version it is longer than ${maxKeyBytes} bytes, ` +
          'the limit of this adapter; shorten it, or use hashedKey from nearcache/hashed-key',
        { key },
      )
    }
    if (keys === 'off') return
    if (UNSAFE_CHARACTERS.test(finalKey)) {
      this.#warn('KEY_CHARACTERS', finalKey, key, 'it contains a control character or a space')
    }
    if (finalKey.length > MAX_KEY_LENGTH && countCodePoints(finalKey) > MAX_KEY_LENGTH) {
      this.#warn('KEY_LENGTH', finalKey, key, `it is longer than ${MAX_KEY_LENGTH} characters`)
    }
  }

  #warn(code: CacheWarning['code'], finalKey: string, key: string, why: string): void {
    const message = `Key ${quoteKey(finalKey)} will not work in every cache: ${why}`
    if (this.#options.keys === 'strict') throw new CacheError('INVALID_KEY', message, { key })
    const seen = `${code} ${finalKey}`
    // Entries are never removed, since the same warnings would be given again.
    if (this.#warned.size > MAX_WARNINGS || this.#warned.has(seen)) return
    this.#warned.add(seen)
    if (this.#warned.size <= MAX_WARNINGS) this.#options.onWarning({ code, key: finalKey, message })
    else
      this.#options.onWarning({
        code: 'TOO_MANY_WARNINGS',
        key: finalKey,
        message: `${message}. This cache has given more than ${MAX_WARNINGS} warnings and gives no others`,
      })
  }
}

/** The most warnings that a cache gives, and remembers. */
const MAX_WARNINGS = 1_000

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
export const UNSAFE_CHARACTERS: RegExp = /[\u0000-\u0020\u007f]/

/** True for at most `length` characters of visible ASCII. Such a key needs no other check. */
export function isSafe(key: string, length: number): boolean {
  if (typeof key !== 'string' || key.length > length) return false
  for (let index = 0; index < key.length; index += 1) {
    const unit = key.charCodeAt(index)
    if (unit <= 0x20 || unit >= 0x7f) return false
  }
  return true
}

/** Throws for anything that is not a version. The message starts with the public method's name. */
export function checkVersion(version: unknown, method = 'A cache', name = 'version'): Version {
  if (typeof version === 'string' && version !== '') return version
  if (typeof version === 'number' && Number.isFinite(version)) return version
  const got =
    typeof version === 'number' ? version : version === '' ? 'an empty string' : describeType(version)
  throw new TypeError(`${method} takes a finite number or a non-empty string for ${name}: got ${got}`)
}

/**
 * Removes the version from a stored key. All versions of one key give the same result, so an adapter can keep
 * them together. Keys of a custom key function have no visible version and are returned unchanged.
 */
export function withoutVersion(storedKey: string): string {
  const scopeEnd = storedKey.indexOf(':') + 1
  return storedKey.slice(0, scopeEnd) + storedKey.slice(storedKey.indexOf(':', scopeEnd))
}

/** Returns the prefix of a stored key, `prefix:version:`: `prefixOf('app:2:user:1')` is `'app:2:'`. */
export function prefixOf(storedKey: string): string {
  return storedKey.slice(0, prefixLength(storedKey))
}

/**
 * Returns a stored key without `prefix:version:`: with the default key function, the caller's own key. For
 * listeners of the IndexedDB adapter's `subscribe`, which receive stored keys.
 * @example
 * ```ts
 * import { userKeyOf } from 'nearcache'
 *
 * userKeyOf('app:2:user:1') // 'user:1'
 * ```
 */
export function userKeyOf(storedKey: string): string {
  return storedKey.slice(prefixLength(storedKey))
}

function prefixLength(storedKey: string): number {
  const scopeEnd = storedKey.indexOf(':') + 1
  const versionEnd = storedKey.indexOf(':', scopeEnd) + 1
  return versionEnd === 0 ? scopeEnd : versionEnd
}

/**
 * Returns the first string that sorts after every string with this prefix, or `undefined` for `''`, which has
 * none. It bounds the range of keys that an adapter's `clear(scope)` removes.
 * @example
 * ```ts
 * import { rangeEnd } from 'nearcache/adapter'
 *
 * rangeEnd('app:') // 'app;'
 * ```
 */
export function rangeEnd(prefix: string): string | undefined {
  let last = prefix.length - 1
  // The greatest code unit has no successor.
  while (prefix.charCodeAt(last) === 0xffff) last -= 1
  return last < 0 ? undefined : prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1)
}

function malformed(key: string, method: string): CacheError {
  return new CacheError(
    'INVALID_KEY',
    `${method} cannot use key ${quoteKey(key)}: it contains a lone surrogate`,
    {
      key,
    },
  )
}

function isLongerThan(text: string, bytes: number): boolean {
  // A UTF-16 unit takes one to three bytes in UTF-8, so most keys need no encoding.
  if (text.length * 3 <= bytes) return false
  return text.length > bytes || new TextEncoder().encode(text).length > bytes
}

function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

import { CacheError, quoteKey } from './errors.ts'
import { describeType } from './expiry.ts'

/** Part of the final key. `1` and `'1'` are the same version; only numbers can be moved by `incrVersion`. */
export type Version = number | string

/** Makes the final key. Must be pure: it runs anew on every call. */
export type KeyFunction = (key: string, keyPrefix: string, version: Version) => string

/** What `onWarning` hears of a key that works here and may not in another cache. */
export interface CacheWarning {
  /**
   * `KEY_CHARACTERS`: a space or control character. `KEY_LENGTH`: more than 250 characters. `TOO_MANY_WARNINGS`: the last
   * warning of a cache, after 1,000 others.
   */
  readonly code: 'KEY_CHARACTERS' | 'KEY_LENGTH' | 'TOO_MANY_WARNINGS'
  /** The final key that is to blame. */
  readonly key: string
  /** A sentence to show or log. */
  readonly message: string
}

/** Django's limit, which is memcached's: a key that passes can move to any other cache later. */
export const MAX_KEY_LENGTH = 250

/**
 * Django's final key, `prefix:version:key`. `%` and `:` in the prefix and version are percent-encoded, so two
 * different (prefix, version, key) never meet in one final key.
 *
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
 * From a caller's key to the key an adapter stores under. That begins with the *scope*, `prefix:`, whatever the
 * key function makes of the rest, so that clearing one prefix is clearing one range of keys:
 * the default function's final keys begin with it anyway, others are put behind `prefix::`, where no version can be.
 */
export class Keyspace {
  /** What every stored key of this cache begins with; what `clear` removes. `''` without a prefix: everything. */
  readonly scope: string
  /** With the default key function a stored key is a *head*, `prefix:version:`, and the caller's own key. */
  readonly hasPrefixes: boolean
  readonly #options: KeyspaceOptions
  readonly #ownPrefix: string
  readonly #defaultPrefix: string
  readonly #safeLength: number
  readonly #warned = new Set<string>()

  constructor(options: KeyspaceOptions) {
    this.#options = options
    const head = `${escapePart(options.keyPrefix)}:`
    this.scope = options.keyPrefix === '' ? '' : head
    this.hasPrefixes = options.keyFunction === defaultKeyFunction
    this.#ownPrefix = this.hasPrefixes ? '' : `${head}:`
    this.#defaultPrefix = this.hasPrefixes ? defaultKeyFunction('', options.keyPrefix, options.version) : ''
    const shortest = Math.min(MAX_KEY_LENGTH, options.maxKeyBytes ?? MAX_KEY_LENGTH)
    this.#safeLength = isSafe(this.#defaultPrefix, shortest) ? shortest - this.#defaultPrefix.length : -1
  }

  /** The head of this cache's keys at `version`; only where {@link hasPrefixes}. */
  prefix(version: Version | undefined): string {
    return version === undefined
      ? this.#defaultPrefix
      : defaultKeyFunction('', this.#options.keyPrefix, version)
  }

  /** Checks a key whose stored key is not needed. */
  check(key: string, version: Version | undefined, method: string): void {
    if (version !== undefined || !isSafe(key, this.#safeLength)) this.storedKey(key, version, method)
  }

  /** The stored key of `key` at `version` (the cache's own where `undefined`), once it has passed all checks. */
  storedKey(key: string, version: Version | undefined, method: string): string {
    // What most keys are: nothing about them to check further, nothing to encode.
    if (version === undefined && this.hasPrefixes && isSafe(key, this.#safeLength)) {
      return this.#defaultPrefix + key
    }
    // Also here: a key function may make well-formed text of it, the same for different keys.
    if (!key.isWellFormed()) throw malformed(key, method)
    const { keyFunction, keyPrefix } = this.#options
    const at = version ?? this.#options.version
    const finalKey = keyFunction(key, keyPrefix, at)
    this.#check(finalKey, key, method)
    return this.#ownPrefix + finalKey
  }

  #check(finalKey: string, key: string, method: string): void {
    if (typeof finalKey !== 'string') {
      throw new TypeError(
        `${method}(${quoteKey(key)}) failed: keyFunction must return a string, and returned ${describeType(finalKey)}`,
      )
    }
    if (!finalKey.isWellFormed()) throw malformed(key, method)
    const { keys, maxKeyBytes } = this.#options
    if (maxKeyBytes !== null && isLongerThan(this.#ownPrefix + finalKey, maxKeyBytes)) {
      throw new CacheError(
        'INVALID_KEY',
        `${method} cannot use key ${quoteKey(key)}: with its prefix and version it is longer than ${maxKeyBytes} bytes, ` +
          'the limit of this adapter; shorten it, or use hashedKey from nearcache/hashed-key',
        { key },
      )
    }
    if (keys === 'off') return
    if (UNSAFE_CHARACTERS.test(finalKey)) {
      this.#complain('KEY_CHARACTERS', finalKey, key, 'it contains a control character or a space')
    }
    if (finalKey.length > MAX_KEY_LENGTH && countCodePoints(finalKey) > MAX_KEY_LENGTH) {
      this.#complain('KEY_LENGTH', finalKey, key, `it is longer than ${MAX_KEY_LENGTH} characters`)
    }
  }

  #complain(code: CacheWarning['code'], finalKey: string, key: string, why: string): void {
    const message = `Key ${quoteKey(finalKey)} will not work in every cache: ${why}`
    if (this.#options.keys === 'strict') throw new CacheError('INVALID_KEY', message, { key })
    const seen = `${code} ${finalKey}`
    // Forgetting what was told would be to tell it again.
    if (this.#warned.size > MAX_WARNINGS || this.#warned.has(seen)) return
    this.#warned.add(seen)
    if (this.#warned.size <= MAX_WARNINGS) this.#options.onWarning({ code, key: finalKey, message })
    else
      this.#options.onWarning({
        code: 'TOO_MANY_WARNINGS',
        key: finalKey,
        message: `${message}. This is the last of more than ${MAX_WARNINGS} warnings: this cache gives no others`,
      })
  }
}

/** How many warnings a cache gives, and remembers. */
const MAX_WARNINGS = 1_000

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
export const UNSAFE_CHARACTERS: RegExp = /[\u0000-\u0020\u007f]/

/** Text of visible ASCII, and of no more than `length` of it: about such a key there is nothing to say anywhere. */
export function isSafe(key: string, length: number): boolean {
  if (typeof key !== 'string' || key.length > length) return false
  for (let index = 0; index < key.length; index += 1) {
    const unit = key.charCodeAt(index)
    if (unit <= 0x20 || unit >= 0x7f) return false
  }
  return true
}

/** Refuses what is not a version, under the name of the public method that was given it. */
export function checkVersion(version: unknown, method = 'A cache', name = 'version'): Version {
  if (typeof version === 'string' && version !== '') return version
  if (typeof version === 'number' && Number.isFinite(version)) return version
  const got = typeof version === 'number' ? version : version === '' ? 'an empty text' : describeType(version)
  throw new TypeError(`${method} takes a finite number or a text that is not empty for ${name}: got ${got}`)
}

/**
 * A stored key without its version: what all versions of one key have in common, so that an adapter can keep
 * them together. Keys of a custom key function have no visible version and come back whole.
 */
export function withoutVersion(storedKey: string): string {
  const scopeEnd = storedKey.indexOf(':') + 1
  return storedKey.slice(0, scopeEnd) + storedKey.slice(storedKey.indexOf(':', scopeEnd))
}

/** A stored key's head, `prefix:version:`: `prefixOf('app:2:user:1')` is `'app:2:'`. */
export function prefixOf(storedKey: string): string {
  return storedKey.slice(0, prefixLength(storedKey))
}

/**
 * A stored key without its head: with the default key function, the caller's own key. For a listener of the IndexedDB
 * adapter's `subscribe`, which hears stored keys.
 *
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
 * The first text behind every text that begins with `prefix`, or `undefined` for `''`, behind which there is none: what
 * bounds the range of keys that an adapter's `clear(scope)` removes.
 *
 * @example
 * ```ts
 * import { rangeEnd } from 'nearcache/adapter'
 *
 * rangeEnd('app:') // 'app;'
 * ```
 */
export function rangeEnd(prefix: string): string | undefined {
  if (prefix === '') return undefined
  const last = prefix.length - 1
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1)
}

function malformed(key: string, method: string): CacheError {
  return new CacheError('INVALID_KEY', `${method} cannot use key ${quoteKey(key)}: it has a lone surrogate`, {
    key,
  })
}

function isLongerThan(text: string, bytes: number): boolean {
  // UTF-8 takes one to three bytes for each UTF-16 unit: most keys are settled without encoding.
  if (text.length * 3 <= bytes) return false
  return text.length > bytes || new TextEncoder().encode(text).length > bytes
}

function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

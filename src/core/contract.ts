import type { Adapter, Change, Entry, Op } from './adapter.ts'
import {
  checkInteger,
  checkKey,
  checkKeys,
  checkPair,
  pairsIn,
  readOptions,
  readTimeout,
  type SetManyData,
  versionIn,
} from './arguments.ts'
import { describeType, expiresAt } from './expiry.ts'
import { Keyspace, type Version } from './keys.ts'
import type {
  IncrOptions,
  KeyOptions,
  PopOptions,
  ResolvedOptions,
  SetOptions,
  TimeoutOr,
  WaitingLockOptions,
} from './options.ts'
import { copyOf, sharedValue, snapshot } from './snapshot.ts'

const KEY_ONLY = ['version']
/** The options of methods that read. */
export const READING: readonly string[] = ['version', 'fresh']
export const GETTING: readonly string[] = [...READING, 'default']
export const GETTING_OR_SETTING: readonly string[] = [...READING, 'timeout', 'signal']
const POPPING = ['version', 'default']
export const KEY_AND_TIMEOUT: readonly string[] = ['timeout', 'version']
const COUNTING = ['version', 'initial', 'timeout']
const LOCKING = ['version', 'timeout']
export const WAITING: readonly string[] = [...LOCKING, 'wait']

/** What a call asks for one key, its arguments checked. */
export interface Call {
  /** The public method that was called, as it begins the messages of errors. */
  readonly method: string
  readonly key: string
  readonly version: Version | undefined
  readonly op: Op
  /** The time of the call. */
  readonly now: number
}

/**
 * What both faces of a cache, async and sync, do before and after they ask the adapter: a caller's arguments
 * become changes, outcomes become results or errors. Here once, so that the twins cannot drift apart. `method` is the name
 * of the public method that was called, for its errors.
 */
export class Contract {
  readonly adapter: Adapter
  readonly keyspace: Keyspace
  readonly now: () => number
  readonly onError: ResolvedOptions['onError']
  /** Seconds that an operation of the adapter may take, `null` = any time. */
  readonly operationTimeout: number | null
  readonly sleep: ResolvedOptions['sleep']
  readonly #options: ResolvedOptions
  readonly #shared: boolean
  readonly #kept: boolean

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.adapter = options.adapter
    this.now = options.clock
    this.onError = options.onError
    this.operationTimeout = options.operationTimeout
    this.sleep = options.sleep
    this.#shared = options.adapter.supports.values === 'shared'
    this.#kept = options.adapter.supports.values === 'kept'
    this.keyspace = new Keyspace({ ...options, maxKeyBytes: options.adapter.supports.maxKeyBytes })
  }

  /** The caller's value as the store may keep it: a copy of its own, or the error that says why it cannot. */
  storable<T>(value: T, key: string): T {
    return this.#shared && typeof value === 'object' ? sharedValue(value, key) : snapshot(value, key)
  }

  /** A value just read, as its reader may have it. */
  given<T>(value: T, key: string): T {
    return this.#kept ? copyOf(value, key) : value
  }

  /** What was found, under the callers' own keys and in the order asked. */
  found<T>(keys: Iterable<string>, entries: readonly (Entry | undefined)[]): Map<string, T> {
    const found = new Map<string, T>()
    let index = 0
    for (const key of keys) {
      const entry = entries[index]
      if (entry !== undefined) found.set(key, this.given(entry.value as T, key))
      index += 1
    }
    return found
  }

  /** The stored key of a call that reads one. */
  key(
    method: string,
    key: string,
    options: KeyOptions | undefined,
    known: readonly string[] = READING,
  ): string {
    checkKey(key, method)
    return this.keyspace.storedKey(key, readOptions(options, known, method).version)
  }

  /** The stored key of each distinct user key, in the order asked. */
  keys(
    method: string,
    keys: Iterable<string>,
    options: KeyOptions | undefined,
    known: readonly string[] = KEY_ONLY,
  ): Map<string, string> {
    const { version } = readOptions(options, known, method)
    checkKeys(keys, method)
    const stored = new Map<string, string>()
    for (const key of keys as Iterable<string>) {
      checkKey(key, method)
      stored.set(key, this.keyspace.storedKey(key, version))
    }
    return stored
  }

  write(
    method: string,
    kind: 'set' | 'add',
    key: string,
    value: unknown,
    options: TimeoutOr<SetOptions>,
  ): Call {
    checkKey(key, method)
    const timeout = readTimeout(options, KEY_AND_TIMEOUT, method)
    const now = this.now()
    return {
      method,
      key,
      version: versionIn(options),
      op: { kind, entry: this.entry(key, value, timeout, now) },
      now,
    }
  }

  entry(key: string, value: unknown, timeout: SetOptions['timeout'], now: number): Entry {
    return { value: this.storable(value, key), expiresAt: this.deadline(timeout, now) }
  }

  /** One change per user key, all checked before any is stored. */
  writeMany(
    method: string,
    data: SetManyData,
    options: TimeoutOr<SetOptions>,
    now: number,
  ): Map<string, Change> {
    const deadline = this.deadline(readTimeout(options, KEY_AND_TIMEOUT, method), now)
    const version = versionIn(options)
    const changes = new Map<string, Change>()
    for (const pair of pairsIn(data, method)) {
      checkPair(pair, method)
      const [key, value] = pair
      const storedKey = this.keyspace.storedKey(key, version)
      const entry = { value: this.storable(value, key), expiresAt: deadline }
      changes.set(key, { key: storedKey, op: { kind: 'set', entry } })
    }
    return changes
  }

  touch(method: string, key: string, options: TimeoutOr<SetOptions>): Call {
    checkKey(key, method)
    const timeout = readTimeout(options, KEY_AND_TIMEOUT, method)
    const now = this.now()
    return {
      method,
      key,
      version: versionIn(options),
      op: { kind: 'touch', expiresAt: this.deadline(timeout, now) },
      now,
    }
  }

  remove(method: string, key: string, options: KeyOptions | undefined): Call {
    checkKey(key, method)
    const { version } = readOptions(options, KEY_ONLY, method)
    return { method, key, version, op: DELETE, now: this.now() }
  }

  removeMany(method: string, keys: Iterable<string>, options: KeyOptions | undefined): Change[] {
    return [...this.keys(method, keys, options).values()].map((key) => ({ key, op: DELETE }))
  }

  pop(method: string, key: string, options: PopOptions<unknown> | undefined): Call {
    checkKey(key, method)
    const { version } = readOptions(options, POPPING, method)
    return { method, key, version, op: POP, now: this.now() }
  }

  /** Counting by `delta`, upwards or, with a `sign` of −1, downwards. */
  count(method: string, sign: 1 | -1, key: string, delta: number, options: IncrOptions | undefined): Call {
    checkKey(key, method)
    checkInteger(delta, method, 'delta')
    const { version, initial, timeout } = readOptions(options, COUNTING, method)
    if (initial === undefined && timeout !== undefined)
      throw new TypeError(`${method} takes a timeout only together with initial`)
    const now = this.now()
    const op: Op = { kind: 'incr', delta: sign * delta }
    if (initial === undefined) return { method, key, version, op, now }
    // −0 means 0 here, as in any sum, though it is no counter where it is stored.
    const entry = { value: initial + 0, expiresAt: this.deadline(timeout, now) }
    return { method, key, version, op: { ...op, initial: entry }, now }
  }

  /** The attempts to take a lock, what will let go of it, and how many milliseconds to go on trying. */
  lock(
    method: string,
    key: string,
    options: WaitingLockOptions,
    known: readonly string[] = LOCKING,
  ): Locking {
    checkKey(key, method)
    const { version, timeout, wait = 0 } = readOptions<Partial<WaitingLockOptions>>(options, known, method)
    if (typeof timeout !== 'number' || timeout <= 0) {
      throw new RangeError(
        `${method} takes more than 0 seconds for timeout: a lock must open again if its holder dies`,
      )
    }
    const token = this.#token()
    return {
      wait: wait * 1000,
      take: () => {
        const now = this.now()
        return {
          method,
          key,
          version,
          op: { kind: 'add', entry: { value: token, expiresAt: this.deadline(timeout, now) } },
          now,
        }
      },
      release: () => ({ method: 'release', key, version, op: { kind: 'release', token }, now: this.now() }),
    }
  }

  #token(): number {
    const fraction: unknown = this.#options.random()
    if (typeof fraction === 'number' && fraction >= 0 && fraction < 1)
      return Math.floor(fraction * Number.MAX_SAFE_INTEGER)
    const got = typeof fraction === 'number' ? fraction : describeType(fraction)
    throw new TypeError(`random must give a number from 0 up to 1: got ${got}`)
  }

  /** Seconds left, `null` for ever, `undefined` for what is not there. */
  ttl(entry: Entry | undefined, now: number): number | null | undefined {
    if (entry === undefined) return undefined
    return entry.expiresAt === null ? null : (entry.expiresAt - now) / 1000
  }

  /** The move of a key to its version + `delta`, and that version. */
  move(method: string, sign: 1 | -1, key: string, delta: number, options: KeyOptions | undefined): Move {
    checkKey(key, method)
    checkInteger(delta, method, 'delta')
    const { version: from = this.#options.version } = readOptions(options, KEY_ONLY, method)
    if (typeof from !== 'number') {
      throw new TypeError(`${method} takes only a number for version: got ${JSON.stringify(from)}`)
    }
    const version = from + sign * delta
    if (!Number.isSafeInteger(Math.trunc(version))) {
      throw new RangeError(`${method} would lead beyond the versions that can be told apart: ${version}`)
    }
    const to = this.keyspace.storedKey(key, version)
    const change: Change = { key: this.keyspace.storedKey(key, from), op: { kind: 'move', to } }
    return { method, key, version, change, now: this.now() }
  }

  deadline(timeout: SetOptions['timeout'], now: number): number | null {
    return expiresAt(timeout, this.#options.timeout, now)
  }
}

/** A change that takes a key to another version, and that version. */
export interface Move {
  readonly method: string
  readonly key: string
  readonly version: number
  readonly change: Change
  readonly now: number
}

/** What becomes of one call for a lock. Each attempt is of its own time, from which the lock's timeout counts. */
export interface Locking {
  readonly wait: number
  take(): Call
  release(): Call
}

const DELETE: Op = Object.freeze({ kind: 'delete' })
const POP: Op = Object.freeze({ kind: 'pop' })

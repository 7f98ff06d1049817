import type { Adapter, Change, Entry, Op } from './adapter.ts'
import { checkTimeout, describeType, expiresAt } from './expiry.ts'
import { checkVersion, Keyspace } from './keys.ts'
import {
  type IncrOptions,
  type KeyOptions,
  type LockOptions,
  type ResolvedOptions,
  readOptions,
  readTimeout,
  type SetOptions,
  type TimeoutOr,
  versionIn,
  type WaitingLockOptions,
} from './options.ts'
import { copyOf, sharedValue, snapshot } from './snapshot.ts'

const KEY_ONLY = ['version']
/** The options of methods that read. */
export const READING: readonly string[] = ['version', 'fresh']
export const GETTING: readonly string[] = [...READING, 'default']
export const GETTING_OR_SETTING: readonly string[] = [...READING, 'timeout', 'signal']
export const POPPING: readonly string[] = ['version', 'default']
const KEY_AND_TIMEOUT = ['timeout', 'version']
const COUNTING = ['version', 'initial', 'timeout']
const LOCKING = ['version', 'timeout']
export const WAITING: readonly string[] = [...LOCKING, 'wait']

/**
 * What both faces of a cache, async and sync, do before and after they ask the adapter: a caller's arguments
 * become changes, outcomes become results or errors. Here once, so that the twins cannot drift apart.
 */
export class Contract {
  readonly adapter: Adapter
  readonly keyspace: Keyspace
  readonly now: () => number
  readonly onError: ResolvedOptions['onError']
  /** Seconds that an operation of the adapter may take, `null` = any time. */
  readonly operationTimeout: number | null
  readonly sleep: (milliseconds: number) => Promise<void>
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
    key: string,
    options: KeyOptions | undefined,
    method: string,
    known: readonly string[] = READING,
  ): string {
    return this.keyspace.storedKey(key, readOptions(options, known, method).version)
  }

  /** The stored key of each distinct user key, in the order asked. */
  keys(
    keys: Iterable<string>,
    options: KeyOptions | undefined,
    method: string,
    known: readonly string[] = KEY_ONLY,
  ): Map<string, string> {
    if (typeof keys === 'string')
      throw new TypeError(`${method} takes several keys, [${JSON.stringify(keys)}]: got one`)
    const { version } = readOptions(options, known, method)
    const stored = new Map<string, string>()
    for (const key of keys) stored.set(key, this.keyspace.storedKey(key, version))
    return stored
  }

  write(kind: 'set' | 'add', key: string, value: unknown, options: TimeoutOr<SetOptions>, now: number): Op {
    return { kind, entry: this.entry(key, value, readTimeout(options, KEY_AND_TIMEOUT, kind), now) }
  }

  entry(key: string, value: unknown, timeout: SetOptions['timeout'], now: number): Entry {
    return { value: this.storable(value, key), expiresAt: this.deadline(timeout, now) }
  }

  /** One change per user key, all checked before any is stored. */
  writeMany(data: SetManyData, options: TimeoutOr<SetOptions>, now: number): Map<string, Change> {
    const deadline = this.deadline(readTimeout(options, KEY_AND_TIMEOUT, 'setMany'), now)
    const version = versionIn(options)
    const changes = new Map<string, Change>()
    for (const pair of entriesOf(data)) {
      // A text would come apart into letters: 'ab' into the key 'a' and the value 'b'.
      if (typeof pair === 'string') throw notPairs(pair)
      const [key, value] = pair
      const storedKey = this.keyspace.storedKey(key, version)
      const entry = { value: this.storable(value, key), expiresAt: deadline }
      changes.set(key, { key: storedKey, op: { kind: 'set', entry } })
    }
    return changes
  }

  touch(options: TimeoutOr<SetOptions>, now: number): Op {
    return { kind: 'touch', expiresAt: this.deadline(readTimeout(options, KEY_AND_TIMEOUT, 'touch'), now) }
  }

  incr(delta: number, options: IncrOptions | undefined, method: 'incr' | 'decr', now: number): Op {
    checkInteger(delta, 'delta', method)
    const { initial, timeout } = readOptions(options, COUNTING, method)
    const step = method === 'incr' ? delta : -delta
    if (initial === undefined) {
      if (timeout !== undefined) throw new TypeError(`${method} takes a timeout only together with initial`)
      return { kind: 'incr', delta: step }
    }
    checkInteger(initial, 'initial', method)
    checkTimeout(timeout)
    // −0 means 0 here, as in any sum, though it is no counter where it is stored.
    const entry = { value: initial + 0, expiresAt: this.deadline(timeout, now) }
    return { kind: 'incr', delta: step, initial: entry }
  }

  /** The attempt to take a lock, and what will let go of it. */
  lock(options: LockOptions, now: number, known: readonly string[] = LOCKING): { take: Op; release: Op } {
    const { timeout } = readOptions(options, known, 'lock') as LockOptions
    checkTimeout(timeout)
    if (typeof timeout !== 'number' || timeout <= 0) {
      throw new RangeError(
        `lock needs a timeout of more than 0 seconds: a lock must open again if its holder dies`,
      )
    }
    const token = Math.floor(this.#options.random() * Number.MAX_SAFE_INTEGER)
    return {
      take: { kind: 'add', entry: { value: token, expiresAt: this.deadline(timeout, now) } },
      release: { kind: 'release', token },
    }
  }

  /** How long to wait for a lock, in milliseconds. */
  wait(options: WaitingLockOptions): number {
    const wait: unknown = options?.wait ?? 0
    if (typeof wait !== 'number' || Number.isNaN(wait))
      throw new TypeError('wait must be a number of seconds')
    return wait * 1000
  }

  /** Seconds left, `null` for ever, `undefined` for what is not there. */
  ttl(entry: Entry | undefined, now: number): number | null | undefined {
    if (entry === undefined || entry.expiresAt === null) return entry && null
    return (entry.expiresAt - now) / 1000
  }

  /** The move of a key to its version + `delta`, and that version. */
  move(
    key: string,
    delta: number,
    options: KeyOptions | undefined,
    method: 'incrVersion' | 'decrVersion',
  ): Move {
    checkInteger(delta, 'delta', method)
    const { version: given } = readOptions(options, KEY_ONLY, method)
    const from = given === undefined ? this.#options.version : checkVersion(given)
    if (typeof from !== 'number') {
      throw new TypeError(`${method} needs a version that is a number: got ${JSON.stringify(from)}`)
    }
    const version = method === 'incrVersion' ? from + delta : from - delta
    if (!Number.isSafeInteger(Math.trunc(version))) {
      throw new RangeError(`${method} would lead beyond the versions that can be told apart: ${version}`)
    }
    const to = this.keyspace.storedKey(key, version)
    return { version, change: { key: this.keyspace.storedKey(key, from), op: { kind: 'move', to } } }
  }

  deadline(timeout: SetOptions['timeout'], now: number): number | null {
    return expiresAt(timeout, this.#options.timeout, now)
  }
}

/** A change that takes a key to another version, and that version. */
export interface Move {
  readonly change: Change
  readonly version: number
}

export const DELETE: Op = Object.freeze({ kind: 'delete' })
export const POP: Op = Object.freeze({ kind: 'pop' })

/** What `asetMany` takes: an object, a Map, or any iterable of pairs. */
export type SetManyData = Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>

function entriesOf(data: SetManyData): Iterable<readonly [string, unknown]> {
  if (typeof data !== 'object' || data === null) throw notPairs(data)
  return Symbol.iterator in data ? (data as Iterable<readonly [string, unknown]>) : Object.entries(data)
}

function notPairs(given: unknown): TypeError {
  return new TypeError(`setMany takes an object, Map or pairs: got ${describeType(given)}`)
}

function checkInteger(value: unknown, name: string, method: string): void {
  if (typeof value !== 'number')
    throw new TypeError(`${method} takes a number for ${name}: got ${typeof value}`)
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${method} takes a safe integer for ${name}: got ${value}`)
}

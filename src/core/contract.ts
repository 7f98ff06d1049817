import type { Adapter, Change, Entry } from './adapter.ts'
import { expiresAt } from './expiry.ts'
import { Keyspace, type Version } from './keys.ts'
import {
  type KeyOptions,
  type ResolvedOptions,
  readOptions,
  readTimeoutOr,
  type SetOptions,
  type TimeoutOr,
} from './options.ts'
import { snapshot } from './snapshot.ts'

const KEY_ONLY = ['version']
const KEY_AND_TIMEOUT = ['timeout', 'version']

/**
 * What both faces of a cache, async and sync, do before and after they ask the adapter: a caller's arguments
 * become changes, outcomes become results or errors. Here once, so that the twins cannot drift apart.
 */
export class Contract {
  readonly adapter: Adapter
  readonly keyspace: Keyspace
  readonly now: () => number
  readonly #options: ResolvedOptions

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.adapter = options.adapter
    this.now = options.clock
    this.keyspace = new Keyspace({ ...options, maxKeyBytes: options.adapter.supports.maxKeyBytes })
  }

  /** The caller's value as the store may keep it: a copy of its own, or the error that says why it cannot. */
  storable<T>(value: T, key: string): T {
    const shared = this.adapter.supports.values === 'shared'
    return shared && typeof value === 'object' ? value : snapshot(value, key)
  }

  /** A value just read, as its reader may have it. */
  given<T>(value: T, key: string): T {
    return this.adapter.supports.values === 'kept' ? snapshot(value, key) : value
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

  key(
    key: string,
    options: KeyOptions | undefined,
    method: string,
    known: readonly string[] = KEY_ONLY,
  ): string {
    return this.keyspace.storedKey(key, readOptions(options, known, method).version)
  }

  /** The stored key of each distinct user key, in the order asked. */
  keys(keys: Iterable<string>, options: KeyOptions | undefined, method: string): Map<string, string> {
    if (typeof keys === 'string')
      throw new TypeError(`${method} takes several keys, [${JSON.stringify(keys)}]: got one`)
    const { version } = readOptions(options, KEY_ONLY, method)
    const stored = new Map<string, string>()
    for (const key of keys) stored.set(key, this.keyspace.storedKey(key, version))
    return stored
  }

  write(kind: 'set' | 'add', key: string, value: unknown, options: TimeoutOr<SetOptions>): Change {
    const { timeout, version } = readTimeoutOr(options, KEY_AND_TIMEOUT, kind)
    const storedKey = this.keyspace.storedKey(key, version)
    return { key: storedKey, op: { kind, entry: this.entry(key, value, timeout) } }
  }

  entry(key: string, value: unknown, timeout: SetOptions['timeout']): Entry {
    return { value: this.storable(value, key), expiresAt: this.#deadline(timeout) }
  }

  /** One change per user key, all checked before any is stored. */
  writeMany(data: SetManyData, options: TimeoutOr<SetOptions>): Map<string, Change> {
    const { timeout, version } = readTimeoutOr(options, KEY_AND_TIMEOUT, 'setMany')
    const deadline = this.#deadline(timeout)
    const changes = new Map<string, Change>()
    for (const [key, value] of entriesOf(data)) {
      const storedKey = this.keyspace.storedKey(key, version)
      const entry = { value: this.storable(value, key), expiresAt: deadline }
      changes.set(key, { key: storedKey, op: { kind: 'set', entry } })
    }
    return changes
  }

  touch(key: string, options: TimeoutOr<SetOptions>): Change {
    const { timeout, version } = readTimeoutOr(options, KEY_AND_TIMEOUT, 'touch')
    return {
      key: this.keyspace.storedKey(key, version),
      op: { kind: 'touch', expiresAt: this.#deadline(timeout) },
    }
  }

  incr(key: string, delta: number, options: KeyOptions | undefined, method: 'incr' | 'decr'): Change {
    checkDelta(delta, method)
    return {
      key: this.key(key, options, method),
      op: { kind: 'incr', delta: method === 'incr' ? delta : -delta },
    }
  }

  /** The move of a key to its version + `delta`, and that version. */
  move(
    key: string,
    delta: number,
    options: KeyOptions | undefined,
    method: 'incrVersion' | 'decrVersion',
  ): Move {
    checkDelta(delta, method)
    const from: Version = readOptions(options, KEY_ONLY, method).version ?? this.#options.version
    if (typeof from !== 'number') {
      throw new TypeError(`${method} needs a version that is a number: got ${JSON.stringify(from)}`)
    }
    const version = method === 'incrVersion' ? from + delta : from - delta
    const to = this.keyspace.storedKey(key, version)
    return { version, change: { key: this.keyspace.storedKey(key, from), op: { kind: 'move', to } } }
  }

  #deadline(timeout: SetOptions['timeout']): number | null {
    return expiresAt(timeout, this.#options.timeout, this.now())
  }
}

/** A change that takes a key to another version, and that version. */
export interface Move {
  readonly change: Change
  readonly version: number
}

export function deletion(storedKey: string): Change {
  return { key: storedKey, op: { kind: 'delete' } }
}

/** What `asetMany` takes: an object, a Map, or any iterable of pairs. */
export type SetManyData = Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>

function entriesOf(data: SetManyData): Iterable<readonly [string, unknown]> {
  if (typeof data !== 'object' || data === null) {
    throw new TypeError(
      `setMany takes an object, a Map or an iterable of [key, value]: got ${data === null ? 'null' : typeof data}`,
    )
  }
  return Symbol.iterator in data ? (data as Iterable<readonly [string, unknown]>) : Object.entries(data)
}

function checkDelta(delta: unknown, method: string): void {
  if (typeof delta !== 'number')
    throw new TypeError(`${method} takes a delta that is a number: got ${typeof delta}`)
  if (!Number.isSafeInteger(delta))
    throw new RangeError(`${method} takes a delta that is a safe integer: got ${delta}`)
}

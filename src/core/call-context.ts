import type { Adapter, Entry } from './adapter.ts'
import { checkKey, checkKeys, readOptions } from './arguments.ts'
import { expiresAt } from './expiry.ts'
import { Keyspace } from './keys.ts'
import type { KeyOptions, ResolvedOptions, SetOptions } from './options.ts'
import { copyOf, sharedValue, snapshot } from './snapshot.ts'

/** What every call of one cache needs: its adapter and options, its keys, the time, and the copies of values. */
export class CallContext {
  readonly adapter: Adapter
  readonly keyspace: Keyspace
  readonly options: ResolvedOptions
  readonly now: () => number
  readonly #areShared: boolean
  readonly #areKept: boolean

  constructor(options: ResolvedOptions) {
    this.options = options
    this.adapter = options.adapter
    this.now = options.clock
    this.#areShared = options.adapter.supports.values === 'shared'
    this.#areKept = options.adapter.supports.values === 'kept'
    this.keyspace = new Keyspace({ ...options, maxKeyBytes: options.adapter.supports.maxKeyBytes })
  }

  /** An entry for a caller's value. */
  entry(method: string, key: string, value: unknown, timeout: SetOptions['timeout'], now: number): Entry {
    return { value: this.copyIn(value, key, method), expiresAt: this.deadline(timeout, now) }
  }

  deadline(timeout: SetOptions['timeout'], now: number): number | null {
    return expiresAt(timeout, this.options.timeout, now)
  }

  /** The caller's value as the store may keep it: a copy, or the error that says why there can be none. */
  copyIn<T>(value: T, key: string, method: string): T {
    return this.#areShared && typeof value === 'object'
      ? sharedValue(value, key, method)
      : snapshot(value, key, method)
  }

  /** A value that was read, as its reader may have it. */
  copyOut<T>(value: T, key: string): T {
    return this.#areKept ? copyOf(value, key) : value
  }

  /** The stored key of each distinct user key, in the order asked. */
  storedKeys(
    method: string,
    keys: Iterable<string>,
    options: KeyOptions | undefined,
    known: readonly string[],
  ): Map<string, string> {
    const { version } = readOptions(options, known, method)
    checkKeys(keys, method)
    const stored = new Map<string, string>()
    for (const key of keys as Iterable<string>) {
      checkKey(key, method)
      stored.set(key, this.keyspace.storedKey(key, version, method))
    }
    return stored
  }
}

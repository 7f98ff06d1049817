import type { Adapter, Entry } from './adapter.ts'
import { checkKey, checkKeys, readOptions } from './arguments.ts'
import { expiresAt } from './expiry.ts'
import { Keyspace } from './keys.ts'
import type { KeyOptions, ResolvedOptions, SetOptions } from './options.ts'
import { copyOf, sharedValue, snapshot } from './snapshot.ts'

/** What every call of one cache needs: adapter, options, keys, time, and copies of values. */
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

  entry(method: string, key: string, value: unknown, timeout: SetOptions['timeout'], now: number): Entry {
    return { value: this.copyIn(value, key, method), expiresAt: this.deadline(timeout, now) }
  }

  deadline(timeout: SetOptions['timeout'], now: number): number | null {
    return expiresAt(timeout, this.options.timeout, now)
  }

  /** Returns the value to store: a copy, unless values are shared. Throws if the value cannot be cached. */
  copyIn<T>(value: T, key: string, method: string): T {
    return this.#areShared && typeof value === 'object'
      ? sharedValue(value, key, method)
      : snapshot(value, key, method)
  }

  /** Returns the value to hand to a reader. */
  copyOut<T>(value: T, key: string): T {
    return this.#areKept ? copyOf(value, key) : value
  }

  /** Returns the stored key of each distinct user key, in the order given. */
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

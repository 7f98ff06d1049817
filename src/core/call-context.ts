import type { Adapter, Entry, Metadata } from './adapter.ts'
import { checkKey, checkKeys, readOptions } from './arguments.ts'
import { noTags } from './errors.ts'
import { expiresAt } from './expiry.ts'
import { jittered, metadataOf } from './freshness.ts'
import { Keyspace } from './keys.ts'
import { Metrics } from './metrics.ts'
import type { FreshnessOptions, KeyOptions, ResolvedOptions, SetOptions } from './options.ts'
import { type Schema, valid } from './schema.ts'
import { copyOf, sharedValue, snapshot } from './snapshot.ts'

/** What every call of one cache needs: adapter, options, keys, time, and copies of values. */
export class CallContext {
  readonly adapter: Adapter
  readonly keyspace: Keyspace
  readonly options: ResolvedOptions
  readonly now: () => number
  readonly metrics: Metrics
  /** Returns a random number from 0 up to, but not including, 1. */
  readonly fraction: () => number
  /** Counts up from a random number, drawn when first needed: at module scope a Worker has no random numbers. */
  #tokens: number | undefined
  readonly #areShared: boolean
  readonly #areKept: boolean

  constructor(options: ResolvedOptions) {
    this.options = options
    this.adapter = options.adapter
    this.now = options.clock
    this.metrics = new Metrics(options.onEvent)
    this.fraction = () => options.random() / Number.MAX_SAFE_INTEGER
    this.#areShared = options.adapter.supports.values === 'shared'
    this.#areKept = options.adapter.supports.values === 'kept'
    this.keyspace = new Keyspace({ ...options, maxKeyBytes: options.adapter.supports.maxKeyBytes })
  }

  /** Returns the entry to store: a copy of the value, its deadline, and what else the options ask for. */
  entry(
    method: string,
    key: string,
    value: unknown,
    options: SetOptions,
    now: number,
    loadMs?: number,
  ): Entry {
    const entry = { value: this.copyIn(value, key, method), expiresAt: this.deadlineFor(options, now) }
    const metadata = this.metadata(method, options, now, loadMs)
    return metadata === undefined ? entry : { ...entry, metadata }
  }

  metadata(method: string, options: FreshnessOptions, now: number, loadMs?: number): Metadata | undefined {
    const { tags } = options
    if (tags !== undefined && tags.length > 0 && !this.adapter.supports.tags)
      throw noTags(this.adapter, method)
    return metadataOf(tags === undefined ? options : { ...options, tags: this.storedTags(tags) }, now, loadMs)
  }

  deadline(timeout: SetOptions['timeout'], now: number): number | null {
    return expiresAt(timeout, this.options.timeout, now)
  }

  deadlineFor({ timeout = this.options.timeout, jitter }: SetOptions, now: number): number | null {
    return this.deadline(jittered(timeout, jitter, this.fraction), now)
  }

  storedTags(tags: readonly string[]): string[] {
    return tags.map((tag) => this.keyspace.storedTag(tag))
  }

  /** Tells two loads apart, in whatever processes they run. */
  nextToken(): number {
    this.#tokens = (this.#tokens ?? Math.floor(this.options.random() / 2)) + 1
    return this.#tokens
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

  /** Returns the value to hand to a reader, or `otherwise` if it does not fit the schema. May return a promise. */
  checkedOut(value: unknown, key: string, schema: Schema | undefined, otherwise: unknown): unknown {
    const copy = this.copyOut(value, key)
    return schema === undefined ? copy : valid(schema, copy, otherwise)
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

import type { Change, Entry, Invalidation, Op, Outcome, Wanted } from './adapter.ts'
import {
  checkInteger,
  checkKey,
  checkPair,
  checkTags,
  pairsIn,
  readOptions,
  readOptionsOrTimeout,
  readTimeout,
  type SetManyData,
  versionIn,
  wrongType,
} from './arguments.ts'
import { CallContext } from './call-context.ts'
import { CacheError, noListing } from './errors.ts'
import { ageOf, secondsLeftOf } from './freshness.ts'
import { isLive, isOpen, staleUntil } from './operations.ts'
import type {
  CountWithTtl,
  EntryOptions,
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  ListOptions,
  PopOptions,
  ReadOptions,
  ResolvedOptions,
  SetOptions,
  SyncGetOrSetOptions,
  TimeoutOr,
  TouchOptions,
  WaitingLockOptions,
} from './options.ts'
import { accepted, counted, countedWithTtl, moved } from './outcomes.ts'
import type {
  ChangePlan,
  CommitPlan,
  ListCall,
  LoadCall,
  LockCall,
  MaybePromise,
  MovePlan,
  ReadPlan,
  TagsCall,
} from './plans.ts'
import { type Schema, valid } from './schema.ts'
import { isThenable } from './snapshot.ts'

const KEY_OPTIONS = ['version']
export const LIST_KEY_OPTIONS: readonly string[] = KEY_OPTIONS
export const LIST_ENTRY_OPTIONS: readonly string[] = ['version', 'schema']
const READ_OPTIONS = ['version', 'fresh']
const ENTRY_OPTIONS = [...READ_OPTIONS, 'schema']
export const GET_OPTIONS: readonly string[] = [...ENTRY_OPTIONS, 'default']
const POP_OPTIONS = ['version', 'default']
const TOUCH_OPTIONS = ['timeout', 'version']
const STALE_OPTIONS = ['staleWhileRevalidate', 'staleIfError']
const PLAIN_SET_OPTIONS = [...TOUCH_OPTIONS, 'tags', 'keepAge', 'jitter']
export const SET_OPTIONS: readonly string[] = [...PLAIN_SET_OPTIONS, ...STALE_OPTIONS]
const INCR_OPTIONS = [...TOUCH_OPTIONS, 'initial', 'tags']
export const LOCK_OPTIONS: readonly string[] = ['version', 'timeout']
export const WAITING_LOCK_OPTIONS: readonly string[] = [...LOCK_OPTIONS, 'wait']
const SYNC_LOAD_OPTIONS: readonly string[] = [...PLAIN_SET_OPTIONS, 'schema']
const LOAD_DEFAULTS: readonly string[] = [
  ...SET_OPTIONS.filter((name) => name !== 'version' && name !== 'tags'),
  'earlyRefresh',
  'softTimeout',
  'hardTimeout',
]
const LOAD_OPTIONS = [...LOAD_DEFAULTS, ...ENTRY_OPTIONS, 'tags', 'signal', 'status', 'waitUntil']

const DELETE: Op = Object.freeze({ kind: 'delete' })
const POP: Op = Object.freeze({ kind: 'pop' })
const EXPIRE: Op = Object.freeze({ kind: 'expire' })

/**
 * The call table. It has one plan for each public method: what to ask the adapter, and how to turn the answer
 * into the result. The async and the sync cache both run these plans. `method` is the name of the called
 * method, for error messages.
 */
export class Calls extends CallContext {
  constructor(options: ResolvedOptions) {
    super(options)
    readOptions(options.loadDefaults, LOAD_DEFAULTS, 'loadDefaults of createCache')
  }

  get(method: string, key: string, options: GetOptions<unknown> | undefined): ReadPlan<unknown> {
    return this.#readOne(method, key, options, GET_OPTIONS, 'value', ([entry]) => {
      const schema = options?.schema ?? this.options.schema
      const found = entry === undefined ? NO_VALUE : this.checkedOut(entry.value, key, schema, NO_VALUE)
      return after(found, (value) => {
        this.metrics.read(value !== NO_VALUE, method, key)
        return value === NO_VALUE ? options?.default : value
      })
    })
  }

  /** Its entry may be stale: the store must not leave those out. */
  entryOf(method: string, key: string, options: EntryOptions | undefined): ReadPlan<unknown> {
    const plan: ReadPlan<unknown> = {
      ...this.#readOne(method, key, options, ENTRY_OPTIONS, 'value', ([entry]) => {
        const { now } = plan
        if (entry === undefined || !isOpen(staleUntil(entry), now)) return undefined
        const about = {
          age: ageOf(entry, now),
          ttl: secondsLeftOf(entry, now),
          isStale: !isLive(entry, now),
          tags: (entry.metadata?.tags ?? []).map((tag) => this.keyspace.userTagOf(tag)),
        }
        const value = this.checkedOut(entry.value, key, options?.schema ?? this.options.schema, NO_VALUE)
        return after(value, (checked) => (checked === NO_VALUE ? undefined : { value: checked, ...about }))
      }),
      isStaleWanted: true,
    }
    return plan
  }

  hasKey(method: string, key: string, options: ReadOptions | undefined): ReadPlan<boolean> {
    return this.#readOne(method, key, options, READ_OPTIONS, 'presence', isPresent)
  }

  ttl(method: string, key: string, options: ReadOptions | undefined): ReadPlan<number | null | undefined> {
    return this.#readOne(method, key, options, READ_OPTIONS, 'presence', secondsLeft)
  }

  #readOne<R>(
    method: string,
    key: string,
    options: ReadOptions | undefined,
    known: readonly string[],
    wanted: Wanted,
    finish: ReadPlan<R>['finish'],
  ): ReadPlan<R> {
    checkKey(key, method)
    const { version, fresh } = readOptions(options, known, method)
    const keys = [this.keyspace.storedKey(key, version, method)]
    return { method, keys, wanted, fresh, now: this.now(), finish }
  }

  getMany<T>(
    method: string,
    keys: Iterable<string>,
    options: EntryOptions | undefined,
  ): ReadPlan<MaybePromise<Map<string, T>>> {
    const storedKeys = this.storedKeys(method, keys, options, ENTRY_OPTIONS)
    const schema = options?.schema ?? this.options.schema
    const finish = (entries: readonly (Entry | undefined)[]): MaybePromise<Map<string, T>> => {
      const found = new Map<string, T>()
      let index = 0
      for (const key of storedKeys.keys()) {
        const entry = entries[index++]
        if (entry !== undefined) found.set(key, this.copyOut(entry.value as T, key))
      }
      return after(schema === undefined ? found : fitting(schema, found), (fit) => {
        for (const key of storedKeys.keys()) this.metrics.read(fit.has(key), method, key)
        return fit
      })
    }
    const stored = [...storedKeys.values()]
    return { method, keys: stored, wanted: 'value', fresh: options?.fresh, now: this.now(), finish }
  }

  set(method: string, key: string, value: unknown, options: TimeoutOr<SetOptions>): ChangePlan<unknown> {
    return this.#write(method, 'set', key, value, options)
  }

  add(method: string, key: string, value: unknown, options: TimeoutOr<SetOptions>): ChangePlan<boolean> {
    return this.#write(method, 'add', key, value, options)
  }

  #write(
    method: string,
    kind: 'set' | 'add',
    key: string,
    value: unknown,
    options: TimeoutOr<SetOptions>,
  ): ChangePlan<boolean> {
    checkKey(key, method)
    const given = readOptionsOrTimeout(options, SET_OPTIONS, method)
    const now = this.now()
    const op: Op = { kind, entry: this.entry(method, key, value, given, now) }
    return { method, key, version: given.version, op, now, finish: accepted }
  }

  /** Checks all pairs before any is stored. The result lists the keys that could not be stored. */
  setMany(method: string, data: SetManyData, options: TimeoutOr<SetOptions>): CommitPlan<string[]> {
    const now = this.now()
    const given: SetOptions = readOptionsOrTimeout(options, SET_OPTIONS, method)
    const { version } = given
    const common = { expiresAt: this.deadlineFor(given, now), metadata: this.metadata(method, given, now) }
    const changes = new Map<string, Change>()
    for (const pair of pairsIn(data, method)) {
      checkPair(pair, method)
      const [key, value] = pair
      const storedKey = this.keyspace.storedKey(key, version, method)
      const copy = this.copyIn(value, key, method)
      const entry =
        given.jitter !== undefined
          ? { ...common, value: copy, expiresAt: this.deadlineFor(given, now) }
          : common.metadata === undefined
            ? { value: copy, expiresAt: common.expiresAt }
            : { value: copy, ...common }
      changes.set(key, { key: storedKey, op: { kind: 'set', entry } })
    }
    const finish = (outcomes: readonly Outcome[]): string[] =>
      [...changes.keys()].filter((_, index) => outcomes[index]?.ok !== true)
    return { method, changes: [...changes.values()], now, finish }
  }

  touch(method: string, key: string, options: TimeoutOr<TouchOptions>): ChangePlan<boolean> {
    checkKey(key, method)
    const timeout = readTimeout(options, TOUCH_OPTIONS, method)
    const now = this.now()
    const op: Op = { kind: 'touch', expiresAt: this.deadline(timeout, now) }
    return { method, key, version: versionIn(options), op, now, finish: accepted }
  }

  delete(method: string, key: string, options: KeyOptions | undefined): ChangePlan<boolean> {
    checkKey(key, method)
    const { version } = readOptions(options, KEY_OPTIONS, method)
    return { method, key, version, op: DELETE, now: this.now(), finish: accepted }
  }

  expire(method: string, key: string, options: KeyOptions | undefined): ChangePlan<boolean> {
    checkKey(key, method)
    const { version } = readOptions(options, KEY_OPTIONS, method)
    return { method, key, version, op: EXPIRE, now: this.now(), finish: accepted }
  }

  list(method: string, prefix: string, options: ListOptions | undefined, known: readonly string[]): ListCall {
    if (typeof prefix !== 'string') throw wrongType(method, 'a string', 'prefix', prefix)
    if (!prefix.isWellFormed())
      throw new CacheError(
        'INVALID_KEY',
        `${method} failed: the prefix has a lone surrogate, which no key has`,
      )
    const { version, schema = this.options.schema } = readOptions(options, known, method)
    if (!this.keyspace.hasPrefixes)
      throw noListing(method, 'the keys of a custom key function cannot be turned back')
    const start = this.keyspace.prefix(version)
    return { method, scope: start + prefix, prefixLength: start.length, schema }
  }

  tags(method: string, invalidation: Invalidation, tags: readonly string[]): TagsCall {
    checkTags(tags, method)
    return { method, tags: this.storedTags([...new Set(tags)]), invalidation, now: this.now() }
  }

  deleteMany(method: string, keys: Iterable<string>, options: KeyOptions | undefined): CommitPlan<void> {
    const stored = this.storedKeys(method, keys, options, KEY_OPTIONS).values()
    const changes = [...stored].map((key) => ({ key, op: DELETE }))
    return { method, changes, now: this.now(), finish: () => undefined }
  }

  pop(method: string, key: string, options: PopOptions<unknown> | undefined): ChangePlan<unknown> {
    checkKey(key, method)
    const { version } = readOptions(options, POP_OPTIONS, method)
    const call = { method, key, version, op: POP, now: this.now() }
    const finish = (outcome: Outcome | undefined): unknown => {
      const entry = accepted.call(call, outcome) && outcome?.ok ? outcome.entry : undefined
      return entry === undefined ? options?.default : this.copyOut(entry.value, key)
    }
    return { ...call, finish }
  }

  incr(method: string, key: string, delta: number, options: IncrOptions | undefined): ChangePlan<number> {
    return this.#count(method, 1, key, delta, options)
  }

  incrWithTtl(
    method: string,
    key: string,
    delta: number,
    options: IncrOptions | undefined,
  ): ChangePlan<CountWithTtl> {
    return { ...this.#count(method, 1, key, delta, options), finish: countedWithTtl }
  }

  decr(method: string, key: string, delta: number, options: IncrOptions | undefined): ChangePlan<number> {
    return this.#count(method, -1, key, delta, options)
  }

  #count(
    method: string,
    sign: 1 | -1,
    key: string,
    delta: number,
    options: IncrOptions | undefined,
  ): ChangePlan<number> {
    checkKey(key, method)
    checkInteger(delta, method, 'delta')
    const { version, initial, timeout, tags } = readOptions(options, INCR_OPTIONS, method)
    if (initial === undefined && (timeout !== undefined || tags !== undefined))
      throw new TypeError(`${method} takes a timeout and tags only together with initial`)
    const now = this.now()
    const count = { kind: 'incr', delta: sign * delta } as const
    // −0 + 0 is 0. Stored as −0, it would not be a counter.
    const op: Op =
      initial === undefined
        ? count
        : { ...count, initial: this.entry(method, key, initial + 0, { timeout, tags }, now) }
    return { method, key, version, op, now, finish: counted }
  }

  incrVersion(method: string, key: string, delta: number, options: KeyOptions | undefined): MovePlan {
    return this.#move(method, 1, key, delta, options)
  }

  decrVersion(method: string, key: string, delta: number, options: KeyOptions | undefined): MovePlan {
    return this.#move(method, -1, key, delta, options)
  }

  #move(method: string, sign: 1 | -1, key: string, delta: number, options: KeyOptions | undefined): MovePlan {
    checkKey(key, method)
    checkInteger(delta, method, 'delta')
    const { version: from = this.options.version } = readOptions(options, KEY_OPTIONS, method)
    if (typeof from !== 'number') {
      throw new TypeError(`${method} takes a number for version: got ${JSON.stringify(from)}`)
    }
    const version = from + sign * delta
    if (!Number.isSafeInteger(Math.trunc(version))) {
      throw new RangeError(`${method} cannot move to version ${version}: it is not a safe integer`)
    }
    const to = this.keyspace.storedKey(key, version, method)
    const changes = [{ key: this.keyspace.storedKey(key, from, method), op: { kind: 'move', to } as const }]
    return { method, key, to: version, changes, now: this.now(), finish: moved }
  }

  /** Builds the stored key once, so that a key function that fails later cannot prevent the release. */
  lock(method: string, key: string, options: WaitingLockOptions, known: readonly string[]): LockCall {
    checkKey(key, method)
    const { version, timeout, wait = 0 } = readOptions<Partial<WaitingLockOptions>>(options, known, method)
    if (typeof timeout !== 'number' || timeout <= 0) {
      throw new RangeError(
        `${method} takes more than 0 seconds for timeout: a lock must open again if its holder dies`,
      )
    }
    const token = this.options.random()
    const storedKey = this.keyspace.storedKey(key, version, method)
    const plan = (name: string, op: Op, now: number): CommitPlan<boolean> => ({
      method: name,
      changes: [{ key: storedKey, op, isLock: true }],
      now,
      finish: ([outcome]) => accepted.call({ method: name, key }, outcome),
    })
    return {
      wait: wait * 1000,
      take: () => {
        const now = this.now()
        const entry = { value: token, expiresAt: this.deadline(timeout, now) }
        return plan(method, { kind: 'add', entry }, now)
      },
      release: () => plan('release', { kind: 'release', token }, this.now()),
    }
  }

  getOrSet(method: string, key: string, loader: unknown, options: TimeoutOr<GetOrSetOptions>): LoadCall {
    const given = this.#load(method, key, loader, options, LOAD_OPTIONS)
    return { method, key, loader, options: { ...this.options.loadDefaults, ...given } }
  }

  syncGetOrSet(
    method: string,
    key: string,
    loader: unknown,
    options: TimeoutOr<SyncGetOrSetOptions>,
  ): LoadCall {
    return { method, key, loader, options: this.#load(method, key, loader, options, SYNC_LOAD_OPTIONS) }
  }

  #load<O extends TouchOptions>(
    method: string,
    key: string,
    loader: unknown,
    options: TimeoutOr<O>,
    known: readonly string[],
  ): O | TouchOptions {
    checkKey(key, method)
    if (loader === undefined)
      throw new TypeError(`${method} takes a value or a function for loader: got undefined`)
    return readOptionsOrTimeout(options, known, method)
  }
}

/** Stands for a missing value, or one that does not fit the schema. */
const NO_VALUE: unique symbol = Symbol('no value')

/** Goes on with a value that a schema may return as a promise. */
function after<T, R>(value: MaybePromise<T>, next: (value: T) => R): MaybePromise<R> {
  return isThenable(value) ? (value as Promise<T>).then(next) : next(value as T)
}

/** Removes the values that do not fit the schema, and replaces the others by its output. */
function fitting<T>(schema: Schema, found: Map<string, T>): MaybePromise<Map<string, T>> {
  const pending: PromiseLike<void>[] = []
  const put = (key: string, checked: unknown): void => {
    if (checked === NO_VALUE) found.delete(key)
    else found.set(key, checked as T)
  }
  for (const [key, value] of [...found]) {
    const checked = valid(schema, value, NO_VALUE)
    if (isThenable(checked)) pending.push(checked.then((later) => put(key, later)))
    else put(key, checked)
  }
  return pending.length === 0 ? found : Promise.all(pending).then(() => found)
}

function isPresent([entry]: readonly (Entry | undefined)[]): boolean {
  return entry !== undefined
}

function secondsLeft(
  this: { readonly now: number },
  [entry]: readonly (Entry | undefined)[],
): number | null | undefined {
  if (entry === undefined) return undefined
  return entry.expiresAt === null ? null : (entry.expiresAt - this.now) / 1000
}

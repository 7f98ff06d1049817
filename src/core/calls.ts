import type { Change, Entry, Op, Outcome, Wanted } from './adapter.ts'
import {
  checkInteger,
  checkKey,
  checkPair,
  pairsIn,
  readOptions,
  readTimeout,
  type SetManyData,
  versionIn,
} from './arguments.ts'
import { CallContext } from './call-context.ts'
import type {
  GetOptions,
  GetOrSetOptions,
  IncrOptions,
  KeyOptions,
  PopOptions,
  ReadOptions,
  SetOptions,
  TimeoutOr,
  WaitingLockOptions,
} from './options.ts'
import { accepted, counted, moved } from './outcomes.ts'
import type { ChangePlan, CommitPlan, LoadCall, LockCall, MovePlan, ReadPlan } from './plans.ts'

const KEY_OPTIONS = ['version']
const READ_OPTIONS = ['version', 'fresh']
export const GET_OPTIONS: readonly string[] = [...READ_OPTIONS, 'default']
const POP_OPTIONS = ['version', 'default']
export const SET_OPTIONS: readonly string[] = ['timeout', 'version']
const INCR_OPTIONS = [...SET_OPTIONS, 'initial']
export const LOCK_OPTIONS: readonly string[] = ['version', 'timeout']
export const WAITING_LOCK_OPTIONS: readonly string[] = [...LOCK_OPTIONS, 'wait']
const LOAD_OPTIONS = [...READ_OPTIONS, 'timeout', 'signal']

const DELETE: Op = Object.freeze({ kind: 'delete' })
const POP: Op = Object.freeze({ kind: 'pop' })

/**
 * The call table. It has one plan for each public method: what to ask the adapter, and how to turn the answer
 * into the result. The async and the sync cache both run these plans. `method` is the name of the called
 * method, for error messages.
 */
export class Calls extends CallContext {
  get(method: string, key: string, options: GetOptions<unknown> | undefined): ReadPlan<unknown> {
    return this.#readOne(method, key, options, GET_OPTIONS, 'value', ([entry]) =>
      entry === undefined ? options?.default : this.copyOut(entry.value, key),
    )
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
    options: ReadOptions | undefined,
  ): ReadPlan<Map<string, T>> {
    const storedKeys = this.storedKeys(method, keys, options, READ_OPTIONS)
    const finish = (entries: readonly (Entry | undefined)[]): Map<string, T> => {
      const found = new Map<string, T>()
      let index = 0
      for (const key of storedKeys.keys()) {
        const entry = entries[index++]
        if (entry !== undefined) found.set(key, this.copyOut(entry.value as T, key))
      }
      return found
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
    const timeout = readTimeout(options, SET_OPTIONS, method)
    const now = this.now()
    const op: Op = { kind, entry: this.entry(method, key, value, timeout, now) }
    return { method, key, version: versionIn(options), op, now, finish: accepted }
  }

  /** Checks all pairs before any is stored. The result lists the keys that could not be stored. */
  setMany(method: string, data: SetManyData, options: TimeoutOr<SetOptions>): CommitPlan<string[]> {
    const now = this.now()
    const deadline = this.deadline(readTimeout(options, SET_OPTIONS, method), now)
    const version = versionIn(options)
    const changes = new Map<string, Change>()
    for (const pair of pairsIn(data, method)) {
      checkPair(pair, method)
      const [key, value] = pair
      const storedKey = this.keyspace.storedKey(key, version, method)
      const entry = { value: this.copyIn(value, key, method), expiresAt: deadline }
      changes.set(key, { key: storedKey, op: { kind: 'set', entry } })
    }
    const finish = (outcomes: readonly Outcome[]): string[] =>
      [...changes.keys()].filter((_, index) => outcomes[index]?.ok !== true)
    return { method, changes: [...changes.values()], now, finish }
  }

  touch(method: string, key: string, options: TimeoutOr<SetOptions>): ChangePlan<boolean> {
    checkKey(key, method)
    const timeout = readTimeout(options, SET_OPTIONS, method)
    const now = this.now()
    const op: Op = { kind: 'touch', expiresAt: this.deadline(timeout, now) }
    return { method, key, version: versionIn(options), op, now, finish: accepted }
  }

  delete(method: string, key: string, options: KeyOptions | undefined): ChangePlan<boolean> {
    checkKey(key, method)
    const { version } = readOptions(options, KEY_OPTIONS, method)
    return { method, key, version, op: DELETE, now: this.now(), finish: accepted }
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
    const { version, initial, timeout } = readOptions(options, INCR_OPTIONS, method)
    if (initial === undefined && timeout !== undefined)
      throw new TypeError(`${method} takes a timeout only together with initial`)
    const now = this.now()
    const count = { kind: 'incr', delta: sign * delta } as const
    // −0 + 0 is 0. Stored as −0, it would not be a counter.
    const op: Op =
      initial === undefined
        ? count
        : { ...count, initial: { value: initial + 0, expiresAt: this.deadline(timeout, now) } }
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
      changes: [{ key: storedKey, op }],
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

  getOrSet(
    method: string,
    key: string,
    loader: unknown,
    options: TimeoutOr<GetOrSetOptions>,
    known: readonly string[] = LOAD_OPTIONS,
  ): LoadCall & { readonly signal?: AbortSignal | undefined } {
    checkKey(key, method)
    if (loader === undefined)
      throw new TypeError(`${method} takes a value or a function for loader: got undefined`)
    const timeout = readTimeout(options, known, method)
    const { version, fresh, signal } = typeof options === 'object' && options !== null ? options : NO_OPTIONS
    return { method, key, version, loader, timeout, fresh, signal }
  }
}

const NO_OPTIONS: GetOrSetOptions = {}

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

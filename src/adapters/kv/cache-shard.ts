import { DurableObject } from 'cloudflare:workers'
import { Alarm } from './alarm.ts'
import { type Stored, sizeInCall } from './codec.ts'
import { GATHER, MAX_CALL_BYTES } from './limits.ts'
import { MeteredSql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import { OwnerState } from './owner-state.ts'
import type {
  ClearReply,
  ClearRequest,
  CommitReply,
  CommitRequest,
  ReadReply,
  ReadRequest,
  Reply,
  ReserveReply,
  ReserveRequest,
  Rows,
  StoredEntry,
  StoredOutcome,
} from './protocol.ts'
import { SWEEP_EVERY, sweepFor } from './sweep-time.ts'
import { Turn } from './turn.ts'
import { Upkeep } from './upkeep.ts'

export type { CacheKVNamespace } from './namespace.ts'

/**
 * The owner of a share of the keys: a Durable Object with a SQLite database. Export it from your Worker, bind it, and name
 * it under `new_sqlite_classes` in a migration; `kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS })` does the rest.
 *
 * Every method is one synchronous turn: nothing is awaited between reading and writing, so nothing comes in between, and
 * the answer leaves only when what it tells of is durable.
 * https://developers.cloudflare.com/durable-objects/reference/in-memory-state/
 *
 * Copies are written into the KV namespace bound as `CACHE_KV`. If yours has another name, export a class of
 * your own that says so:
 *
 * @example
 * ```ts
 * import { type CacheKVNamespace, CacheShard } from 'nearcache/cache-shard'
 *
 * class Shard extends CacheShard<{ COPIES: CacheKVNamespace }> {
 *   protected override get kv(): CacheKVNamespace {
 *     return this.env.COPIES
 *   }
 * }
 * Shard.name // 'Shard'
 * ```
 */
export class CacheShard<Env = unknown> extends DurableObject<Env> {
  readonly #sql: MeteredSql
  readonly #state: OwnerState
  readonly #alarm: Alarm
  readonly #upkeep: Upkeep

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    this.#sql = new MeteredSql(state.storage.sql)
    this.#state = new OwnerState(state.storage, this.#sql)
    const tell = (fault: unknown) => this.#tell(fault)
    this.#alarm = new Alarm(state.storage, tell)
    this.#upkeep = new Upkeep({ state: this.#state, alarm: this.#alarm, findKV: () => this.#findKV(), tell })
  }

  /** Where copies and large values are. */
  protected get kv(): CacheKVNamespace | undefined {
    return (this.env as { readonly CACHE_KV?: CacheKVNamespace }).CACHE_KV
  }

  /**
   * Hears of faults that change no answer: a copy could not be written or a large value not be deleted, and will be tried again. Of
   * those that will not pass, such as a missing binding, it hears once.
   */
  protected onFault(error: unknown): void {
    console.warn('nearcache: CacheShard could not write to KV what should be there:', error)
  }

  /** What is stored, as {@link ReadReply} says. */
  read({ keys, wanted, publish }: ReadRequest): ReadReply {
    this.#begin()
    const stored = this.#state.entries
    const entries: (StoredEntry | null)[] = []
    let bytes = 0
    for (const key of keys) {
      const entry = wanted === 'value' || publish !== undefined ? stored.get(key) : stored.getDeadline(key)
      bytes += entry === undefined ? 0 : sizeInCall(entry.value)
      if (entries.length > 0 && bytes > MAX_CALL_BYTES) break
      entries.push(entry ?? null)
    }
    if (publish !== undefined) this.#publish(keys, entries, publish)
    return { entries, ...this.#reply() }
  }

  /** Decides and stores the changes, in order. Refusals are answers, never exceptions. */
  commit({ changes, now }: CommitRequest): CommitReply {
    this.#begin()
    const at = Date.now()
    const { entries, publisher, blobs } = this.#state
    const stamp = publisher.nextStamp(at)
    const turn = new Turn(entries)
    const outcomes: StoredOutcome[] = []
    const takenOut: StoredEntry[] = []
    let bytes = 0
    for (const change of changes) {
      const outcome = turn.decide(change, now)
      outcomes.push(outcome)
      if (outcome.ok && outcome.entry !== undefined) {
        takenOut.push(outcome.entry as StoredEntry)
        bytes += sizeInCall(outcome.entry.value as Stored)
      }
      if (bytes > MAX_CALL_BYTES) break
    }
    let isCopied = false
    let isNoted = false
    const store = () => {
      isCopied = publisher.changed(turn.copied(), stamp, at)
      isNoted = blobs.noteAll(changes.slice(0, outcomes.length), turn.stored(), at)
      for (const entry of takenOut) blobs.spare(entry, at)
      turn.write()
    }
    // All or nothing, should one of them fail. One alone needs no bracket: it comes last, and the marks before it harm nobody.
    this.#state.store(turn.size > 1 ? 'all' : 'none', store)
    if (isCopied) this.#alarm.wakeAt(at + GATHER)
    else this.#sweepSometime(turn, isNoted, at)
    return { outcomes, stamp, ...this.#reply() }
  }

  /** Removes every entry whose key begins with `scope`; `''` removes all. Takes no longer the more there is. */
  clear({ scope, generation: given, announce }: ClearRequest): ClearReply {
    this.#begin()
    const now = Date.now()
    const { entries, settings, blobs } = this.#state
    const generation = given ?? entries.nextGeneration(now)
    this.#state.store('all', () => {
      entries.clear(scope, generation, now)
      if (announce !== undefined) settings.announceAt(announce)
    })
    if (announce !== undefined) this.#alarm.wakeAt(now + GATHER)
    else if (scope !== '' || blobs.mayBeAny) this.#alarm.wakeSometime(now + SWEEP_EVERY)
    return { generation, ...this.#reply() }
  }

  /** Notes blobs that are about to be written and that KV will not drop by itself. */
  reserve({ blobs }: ReserveRequest): ReserveReply {
    this.#begin()
    const now = Date.now()
    for (const { name, key } of blobs) this.#state.blobs.reserve(name, key, now)
    this.#alarm.wakeSometime(now + SWEEP_EVERY)
    return this.#reply()
  }

  /**
   * Writes the copies that are due, and, at most hourly, removes what has been dead for a while: for the room it takes.
   * Reading never depends on it. A scan of the table is billed at a thousandth of what an index on the deadline would add to
   * each write.
   */
  override async alarm(): Promise<void> {
    // No sooner: KV takes one write a second of a key, and the last one was just now.
    await this.#alarm.seeTo(() => this.#upkeep.run(), GATHER)
  }

  /**
   * The rows that SQLite has billed since this object was last started, for calls and alarms. Setting an alarm is billed as a row
   * written, and is not in it.
   */
  billedRows(): Rows {
    return this.#sql.rows
  }

  /** An alarm that was lost leaves work undone. */
  #begin(): void {
    if (this.#alarm.isUnderWay || this.#alarm.isSet || !this.#state.isUnpublished) return
    this.#alarm.wakeSometime(Date.now() + GATHER)
  }

  #reply(): Reply {
    const { incarnation } = this.#state.settings
    return { rows: NO_ROWS, incarnation }
  }

  #sweepSometime(turn: Turn, isNoted: boolean, at: number): void {
    let deadline = Number.POSITIVE_INFINITY
    for (const [, { expiresAt }] of turn.stored()) deadline = Math.min(deadline, expiresAt ?? deadline)
    // Whatever is changed may leave a blob behind.
    const isDue = isNoted || (turn.size > 0 && this.#state.blobs.mayBeAny)
    if (isDue) this.#alarm.wakeSometime(at + SWEEP_EVERY)
    else if (deadline < Number.POSITIVE_INFINITY) this.#alarm.wakeSometime(sweepFor(deadline, at))
  }

  #publish(keys: readonly string[], entries: readonly (StoredEntry | null)[], prefix: string): void {
    const kv = this.#findKV()
    if (kv instanceof Error) throw kv
    const { publisher } = this.#state
    const now = Date.now()
    let isAny = false
    for (const [index, entry] of entries.entries()) {
      if (entry !== null && publisher.request(keys[index] as string, entry, prefix, now)) isAny = true
    }
    if (isAny) this.#alarm.wakeAt(now + GATHER)
  }

  #findKV(): CacheKVNamespace | Error {
    try {
      return this.kv ?? new Error(NO_KV)
    } catch (cause) {
      return new Error(NO_KV, { cause })
    }
  }

  /** Whoever fails to hear of it keeps nothing from being tried again. */
  #tell(fault: unknown): void {
    const report = (error: unknown) => console.error('nearcache: onFault of CacheShard failed:', error)
    try {
      const heard: unknown = this.onFault(fault)
      if (heard instanceof Promise) heard.catch(report)
    } catch (error) {
      report(error)
    }
  }
}

const NO_ROWS: Rows = { read: 0, written: 0 }

const NO_KV =
  'The CacheShard class finds no KV namespace, so it can neither write copies nor delete large values: bind the one of kvAdapter ' +
  "as CACHE_KV in the Worker of the class, or override its `kv`; or read with reads: 'owner'"

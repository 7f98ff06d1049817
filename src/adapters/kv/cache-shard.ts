import { DurableObject } from 'cloudflare:workers'
import { Alarm } from './alarm.ts'
import { BlobNames } from './blob-names.ts'
import { type Stored, sizeInCall } from './codec.ts'
import { Entries } from './entries.ts'
import { GATHER, MAX_CALL_BYTES } from './limits.ts'
import { MeteredSql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type {
  ClearReply,
  ClearRequest,
  CommitReply,
  CommitRequest,
  ReadReply,
  ReadRequest,
  ReserveReply,
  ReserveRequest,
  StoredEntry,
  StoredOutcome,
} from './protocol.ts'
import { Publisher } from './publisher.ts'
import { Settings } from './settings.ts'
import { FORGOTTEN_AFTER, GRACE, RESERVED, SWEEP_EVERY, sweepFor } from './sweep-time.ts'
import { Turn } from './turn.ts'

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
  readonly #entries: Entries
  readonly #publisher: Publisher
  readonly #blobs: BlobNames
  readonly #settings: Settings
  readonly #alarm: Alarm
  #failures = 0

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    this.#sql = new MeteredSql(state.storage.sql)
    this.#entries = new Entries(this.#sql)
    this.#publisher = new Publisher(this.#sql, this.#entries)
    this.#blobs = new BlobNames(this.#sql, this.#entries)
    this.#settings = new Settings(this.#sql)
    this.#alarm = new Alarm(state.storage, (error) => this.#tell(error))
  }

  /** Where copies and large values are. */
  protected get kv(): CacheKVNamespace | undefined {
    return (this.env as { readonly CACHE_KV?: CacheKVNamespace }).CACHE_KV
  }

  /** Hears of a copy that could not be written, and will be tried again. */
  protected onFault(error: unknown): void {
    console.warn('nearcache: a copy in KV could not be written, and will be tried again:', error)
  }

  /** What is stored, as {@link ReadReply} says. */
  read({ keys, wanted, publish }: ReadRequest): ReadReply {
    this.#begin()
    const entries: (StoredEntry | null)[] = []
    let bytes = 0
    for (const key of keys) {
      const entry =
        wanted === 'value' || publish !== undefined ? this.#entries.get(key) : this.#entries.getDeadline(key)
      bytes += entry === undefined ? 0 : sizeInCall(entry.value)
      if (entries.length > 0 && bytes > MAX_CALL_BYTES) break
      entries.push(entry ?? null)
    }
    if (publish !== undefined) this.#publish(keys, entries, publish)
    return { entries, rows: this.#sql.takeRows() }
  }

  /** Decides and stores the changes, in order. Refusals are answers, never exceptions. */
  commit({ changes, now }: CommitRequest): CommitReply {
    this.#begin()
    const at = Date.now()
    const stamp = this.#publisher.nextStamp(at)
    const turn = new Turn(this.#entries)
    const outcomes: StoredOutcome[] = []
    let bytes = 0
    for (const change of changes) {
      const outcome = turn.decide(change, now)
      outcomes.push(outcome)
      if (outcome.ok && outcome.entry !== undefined) bytes += sizeInCall(outcome.entry.value as Stored)
      if (bytes > MAX_CALL_BYTES) break
    }
    let deadline = Number.POSITIVE_INFINITY
    let isCopied = false
    const store = () => {
      isCopied = this.#publisher.changed(turn.copied(), stamp, at)
      for (const [key, entry] of turn.stored()) {
        deadline = Math.min(deadline, entry.expiresAt ?? deadline)
        this.#blobs.follow(key, entry)
      }
      turn.write()
    }
    // All or nothing, should one of them fail. One alone needs no bracket: it comes last, and the marks before it harm nobody.
    if (turn.size > 1) this.ctx.storage.transactionSync(store)
    else store()
    if (isCopied) this.#alarm.wakeAt(at + GATHER)
    else if (deadline < Number.POSITIVE_INFINITY) this.#alarm.wakeSometime(sweepFor(deadline, at))
    return { outcomes, stamp, rows: this.#sql.takeRows() }
  }

  /** Removes every entry whose key begins with `scope`; `''` removes all. Takes no longer the more there is. */
  clear({ scope, generation = this.#entries.generation + 1, announce }: ClearRequest): ClearReply {
    this.#begin()
    const now = Date.now()
    this.ctx.storage.transactionSync(() => {
      this.#entries.clear(scope, generation, now)
      if (announce !== undefined) this.#settings.announceAt(announce)
    })
    if (announce !== undefined) this.#alarm.wakeAt(now + GATHER)
    else if (scope !== '') this.#alarm.wakeSometime(now + SWEEP_EVERY)
    return { generation, rows: this.#sql.takeRows() }
  }

  /** Notes blobs that are about to be written and that KV will not drop by itself. */
  reserve({ blobs }: ReserveRequest): ReserveReply {
    this.#begin()
    const now = Date.now()
    for (const { name, key } of blobs) this.#blobs.note(name, key, now)
    this.#alarm.wakeSometime(now + SWEEP_EVERY)
    return { rows: this.#sql.takeRows() }
  }

  /**
   * Writes the copies that are due, and, at most hourly, removes what has been dead for a while: for the room it takes.
   * Reading never depends on it. A scan of the table is billed at a thousandth of what an index on the deadline would add to
   * each write.
   */
  override async alarm(): Promise<void> {
    // No sooner: KV takes one write a second of a key, and the last one was just now.
    await this.#alarm.seeTo(() => this.#seeToAll(), GATHER)
    // What this has read and written is no caller's.
    this.#sql.takeRows()
  }

  /** A call begins: what an alarm that waits for KV has read and written so far is not its caller's. */
  #begin(): void {
    if (this.#alarm.isUnderWay) this.#sql.takeRows()
  }

  async #seeToAll(): Promise<void> {
    const isFlush = this.#publisher.isDirty || this.#settings.unannounced !== undefined
    const errors = isFlush ? await this.#flush() : []
    for (const error of errors) this.#tell(error)
    this.#failures = errors.length > 0 ? this.#failures + 1 : 0
    const now = Date.now()
    const nextSweep = this.#settings.sweptAt + SWEEP_EVERY
    const next = !isFlush || now >= nextSweep ? await this.#sweep(now) : nextSweep
    const isLeft = this.#publisher.isDirty || this.#settings.unannounced !== undefined
    if (isLeft) this.#alarm.wakeAt(now + Math.min(GATHER * 2 ** this.#failures, MAX_PAUSE))
    else if (next !== null) this.#alarm.wakeAt(next)
  }

  #publish(keys: readonly string[], entries: readonly (StoredEntry | null)[], prefix: string): void {
    if (this.kv === undefined) {
      throw new Error(
        'Reads are near, but the CacheShard class finds no KV namespace: bind the one of kvAdapter as CACHE_KV in the ' +
          "Worker of the class, or override its `kv`; or read with reads: 'owner'",
      )
    }
    const now = Date.now()
    let isAny = false
    for (const [index, entry] of entries.entries()) {
      if (entry !== null && this.#publisher.request(keys[index] as string, entry, prefix, now)) isAny = true
    }
    if (!isAny) return
    this.#settings.prefix = prefix
    this.#alarm.wakeAt(now + GATHER)
  }

  async #flush(): Promise<unknown[]> {
    const { kv } = this
    if (kv === undefined) return [new Error('CacheShard finds no KV namespace to write copies to')]
    const errors = await this.#publisher.flush(kv, this.#settings.prefix)
    await this.#announce(kv).catch((error: unknown) => errors.push(error))
    return errors
  }

  /** Tells readers of the clears, so that copies of before them die. */
  async #announce(kv: CacheKVNamespace): Promise<void> {
    const { unannounced } = this.#settings
    if (unannounced === undefined) return
    const { clears, generation } = this.#entries
    await kv.put(unannounced, JSON.stringify(Object.fromEntries(clears)))
    if (this.#entries.generation === generation) this.#settings.announced()
  }

  /** Gives when the next one is due, if any. */
  async #sweep(now: number): Promise<number | null> {
    const swept = this.#entries.sweep(now - GRACE, SWEPT_AT_ONCE)
    this.#publisher.sweep(now)
    this.#entries.forgetClears(now - FORGOTTEN_AFTER)
    const mayBeMore = (await this.#sweepBlobs(now)) || swept >= SWEPT_AT_ONCE
    this.#settings.sweptAt = mayBeMore ? 0 : now
    // What is left has its turn soon, after those who wait.
    if (mayBeMore) return now
    const deadline = this.#entries.nextDeadline
    if (deadline !== null) return sweepFor(deadline, now)
    return this.#blobs.isEmpty ? null : now + SWEEP_EVERY
  }

  async #sweepBlobs(now: number): Promise<boolean> {
    if (this.kv === undefined || this.#blobs.isEmpty) return false
    try {
      return await this.#blobs.sweep(this.kv, now - RESERVED, BLOBS_AT_ONCE)
    } catch (error) {
      this.#tell(error)
      return false
    }
  }

  /** Whoever fails to hear of it keeps nothing from being tried again. */
  #tell(fault: unknown): void {
    try {
      this.onFault(fault)
    } catch (error) {
      console.error('nearcache: onFault of CacheShard failed:', error)
    }
  }
}

/** Entries removed in one turn, so that no caller waits long. */
const SWEPT_AT_ONCE = 10_000
/** Blobs deleted by one alarm, some six at a time: the copies that change meanwhile wait for the next. */
const BLOBS_AT_ONCE = 60
/** Milliseconds between attempts to write copies, at most. */
const MAX_PAUSE = 60_000

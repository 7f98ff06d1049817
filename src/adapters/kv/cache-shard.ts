import { DurableObject } from 'cloudflare:workers'
import { guarded } from '../../core/callbacks.ts'
import { Alarm } from './alarm.ts'
import { CLAIM_LEASE_MS, MAX_CALL_BYTES, MAX_WAIT_MS, PUBLISH_DELAY_MS } from './limits.ts'
import { MeteredSql } from './metered-sql.ts'
import type { CacheKVNamespace } from './namespace.ts'
import { OwnerState } from './owner-state.ts'
import { sizeInCall } from './payload-size.ts'
import type {
  ClaimLoadReply,
  ClaimLoadRequest,
  ClearReply,
  ClearRequest,
  CommitReply,
  CommitRequest,
  DeleteTagsReply,
  DeleteTagsRequest,
  KeyClaim,
  ListKeysReply,
  ListKeysRequest,
  ReadReply,
  ReadRequest,
  RenewReply,
  RenewRequest,
  Reply,
  ReserveReply,
  ReserveRequest,
  Rows,
  Stored,
  StoredEntry,
  StoredOutcome,
} from './protocol.ts'
import { SWEEP_INTERVAL_MS, sweepFor } from './sweep-time.ts'
import { Upkeep } from './upkeep.ts'
import { NO_ENTRY, WriteBuffer } from './write-buffer.ts'

export type { CacheKVNamespace } from './namespace.ts'

/**
 * The owner of a share of the keys: a Durable Object with a SQLite database. Export it from your Worker, bind it, and name it under
 * `new_sqlite_classes` in a migration; `kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS })` does the rest.
 *
 * Every method but `claim` is synchronous, so calls are atomic, and the platform sends the answer only when the writes are durable.
 * https://developers.cloudflare.com/durable-objects/reference/in-memory-state/
 *
 * Replicas are written to the KV namespace bound as `CACHE_KV`. If yours has another name, export a class of your own that overrides
 * `kv`:
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
    const tell = guarded('onFault of CacheShard', (fault: unknown) => this.onFault(fault), undefined)
    this.#alarm = new Alarm(state.storage, tell)
    this.#upkeep = new Upkeep({ state: this.#state, alarm: this.#alarm, findKV: () => this.#findKV(), tell })
  }

  /** The KV namespace of replicas and large values. */
  protected get kv(): CacheKVNamespace | undefined {
    return (this.env as { readonly CACHE_KV?: CacheKVNamespace }).CACHE_KV
  }

  /**
   * Called with faults that change no answer: a replica could not be written, or a large value not be deleted. Both are tried again.
   * A fault that will not pass, such as a missing binding, is reported once.
   */
  protected onFault(error: unknown): void {
    console.warn('nearcache: CacheShard could not write to KV:', error)
  }

  /** See {@link ReadReply}. */
  read({ keys, wanted, publish, claims = [], now = 0 }: ReadRequest): ReadReply {
    this.#reviveAlarm()
    const stored = this.#state.entries
    const entries: (StoredEntry | null)[] = []
    const claimed = new Map(claims.map((claim) => [claim.key, claim]))
    let bytes = 0
    for (const key of keys) {
      const claim = claimed.get(key)
      const isWhole = wanted === 'value' || publish !== undefined
      const entry =
        claim === undefined
          ? this.#withClaim(key, isWhole ? stored.get(key) : stored.getDeadline(key))
          : this.#claim(claim, now).stored
      bytes += entry === undefined ? 0 : sizeInCall(entry.value)
      if (entries.length > 0 && bytes > MAX_CALL_BYTES) break
      entries.push(entry ?? null)
    }
    if (publish !== undefined) this.#publish(keys, entries, publish)
    return { entries, ...this.#reply() }
  }

  /** Decides and stores the changes, in order. A refused change is an outcome, not an exception. */
  commit({ changes, now }: CommitRequest): CommitReply {
    this.#reviveAlarm()
    const at = Date.now()
    const { entries, publisher, blobs } = this.#state
    const stamp = publisher.nextStamp(at)
    const buffer = new WriteBuffer(entries, this.#state.claims, at)
    const outcomes: StoredOutcome[] = []
    const popped: StoredEntry[] = []
    let bytes = 0
    for (const change of changes) {
      const outcome = buffer.decide(change, now)
      outcomes.push(outcome)
      if (outcome.ok && outcome.entry !== undefined) {
        popped.push(outcome.entry as StoredEntry)
        bytes += sizeInCall(outcome.entry.value as Stored)
      }
      if (bytes > MAX_CALL_BYTES) break
    }
    let isPublished = false
    let isNoted = false
    const store = () => {
      isPublished = publisher.changed(buffer.replicated(), stamp, at)
      isNoted = blobs.noteAll(changes.slice(0, outcomes.length), buffer.written(), at)
      for (const entry of popped) blobs.spare(entry, at)
      buffer.write()
    }
    // One write alone needs no transaction: it comes last, and the marks before it do no harm.
    this.#state.store(buffer.size > 1 ? 'all' : 'none', store)
    buffer.claim(at + CLAIM_LEASE_MS)
    if (isPublished) this.#alarm.wakeAt(at + PUBLISH_DELAY_MS)
    else this.#sweepSometime(buffer, isNoted, at)
    return { outcomes, stamp, ...this.#reply() }
  }

  /** Removes every entry whose key begins with `scope`; `''` removes all. The time does not depend on their number. */
  clear({ scope, generation: given, announce }: ClearRequest): ClearReply {
    this.#reviveAlarm()
    const now = Date.now()
    const { entries, settings, blobs, claims } = this.#state
    const generation = given ?? entries.clears.nextGeneration(now)
    this.#state.store('all', () => {
      entries.clear(scope, generation, now)
      if (announce !== undefined) settings.announceAt(announce)
    })
    claims.clear(scope)
    if (announce !== undefined) this.#alarm.wakeAt(now + PUBLISH_DELAY_MS)
    else if (scope !== '' || blobs.mayBeAny) this.#alarm.wakeSometime(now + SWEEP_INTERVAL_MS)
    return { generation, ...this.#reply() }
  }

  /**
   * Invalidates every entry that has one of the tags, and every load that brings one. The time does not depend on their number: the
   * sweep removes the entries later.
   */
  deleteTags({ tags, invalidation, now, generation: given, announce }: DeleteTagsRequest): DeleteTagsReply {
    this.#reviveAlarm()
    const at = Date.now()
    const { entries, settings, claims } = this.#state
    const generation = given ?? entries.clears.nextGeneration(at)
    this.#state.store('all', () => {
      for (const tag of tags) entries.clears.invalidateTag(tag, invalidation, generation, now, at)
      if (announce !== undefined) settings.announceAt(announce)
    })
    claims.invalidateTags(tags)
    if (announce !== undefined) this.#alarm.wakeAt(at + PUBLISH_DELAY_MS)
    else this.#alarm.wakeSometime(at + SWEEP_INTERVAL_MS)
    return { generation, ...this.#reply() }
  }

  /**
   * Claims the load of a key. While someone else loads it, the call may wait: for the value, for the end of the claim, or until its
   * time is over.
   */
  async claim({ now, refresh, wait, ...claim }: ClaimLoadRequest): Promise<ClaimLoadReply> {
    this.#reviveAlarm()
    const begunAt = Date.now()
    for (;;) {
      const at = Date.now()
      const { isGranted, current } = this.#claim({ ...claim, refresh }, now + (at - begunAt))
      if (isGranted) return { isGranted, ...this.#reply() }
      if (current !== undefined) return { isGranted, entry: current, ...this.#reply() }
      const left = begunAt + MAX_WAIT_MS - at
      if (!wait || left <= 0) return { isGranted: false, ...this.#reply() }
      await this.#state.claims.changed(claim.key, at, left)
    }
  }

  /** Whoever loads calls it from time to time, so that a claim whose holder has died lapses soon. */
  renew({ key, token }: RenewRequest): RenewReply {
    const isHeld = this.#state.claims.renew(key, token, Date.now() + CLAIM_LEASE_MS)
    return { isHeld, ...this.#reply() }
  }

  /** Lists live keys in portions of up to `limit` rows, in order. */
  listKeys({ scope, after, limit, now }: ListKeysRequest): ListKeysReply {
    this.#reviveAlarm()
    return { ...this.#state.entries.list(scope, after, limit, now), ...this.#reply() }
  }

  /** Records blobs that are about to be written and that KV will not drop by itself. */
  reserve({ blobs }: ReserveRequest): ReserveReply {
    this.#reviveAlarm()
    const now = Date.now()
    for (const { name, key } of blobs) this.#state.blobs.reserve(name, key, now)
    this.#alarm.wakeSometime(now + SWEEP_INTERVAL_MS)
    return this.#reply()
  }

  /**
   * Writes the replicas that are due, and at most hourly removes expired entries. Reads never depend on it. The scan of the table is
   * billed at a thousandth of what an index on the deadline would add to each write.
   */
  override async alarm(): Promise<void> {
    // KV takes one write a second of a key.
    await this.#alarm.run(() => this.#upkeep.run(), PUBLISH_DELAY_MS)
  }

  /**
   * The rows that SQLite has billed since this object was last started, for calls and alarms. Setting an alarm is billed as a row
   * written, and is not in it.
   */
  billedRows(): Rows {
    return this.#sql.rows
  }

  #claim({ key, token, until, refresh }: Claiming, now: number): Claimed {
    const at = Date.now()
    const { entries, claims } = this.#state
    const buffer = new WriteBuffer(entries, claims, at)
    const outcome = buffer.decide({ key, op: { kind: 'claim', token, until, refresh } }, now)
    const current = outcome.ok ? (outcome.entry as StoredEntry | undefined) : undefined
    const isGranted = outcome.ok && current === undefined
    if (isGranted) buffer.claim(at + CLAIM_LEASE_MS)
    return { isGranted, current, stored: buffer.get(key) }
  }

  #withClaim(key: string, entry: StoredEntry | undefined): StoredEntry | undefined {
    const claim = this.#state.claims.get(key, Date.now())
    return claim === undefined ? entry : { ...(entry ?? NO_ENTRY), claim }
  }

  /** A lost alarm leaves work undone. */
  #reviveAlarm(): void {
    if (this.#alarm.isUnderWay || this.#alarm.isSet || !this.#state.isUnpublished) return
    this.#alarm.wakeSometime(Date.now() + PUBLISH_DELAY_MS)
  }

  #reply(): Reply {
    const { incarnation } = this.#state.settings
    return { rows: NO_ROWS, incarnation }
  }

  #sweepSometime(buffer: WriteBuffer, isNoted: boolean, at: number): void {
    let deadline = Number.POSITIVE_INFINITY
    for (const [, { expiresAt }] of buffer.written()) deadline = Math.min(deadline, expiresAt ?? deadline)
    // Any change may leave a blob without an entry.
    const isDue = isNoted || (buffer.size > 0 && this.#state.blobs.mayBeAny)
    if (isDue) this.#alarm.wakeSometime(at + SWEEP_INTERVAL_MS)
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
    if (isAny) this.#alarm.wakeAt(now + PUBLISH_DELAY_MS)
  }

  #findKV(): CacheKVNamespace | Error {
    try {
      return this.kv ?? new Error(NO_KV)
    } catch (cause) {
      return new Error(NO_KV, { cause })
    }
  }
}

type Claiming = KeyClaim & Pick<ClaimLoadRequest, 'refresh'>

interface Claimed {
  readonly isGranted: boolean
  /** The live entry that makes the load unnecessary. */
  readonly current: StoredEntry | undefined
  /** What is stored, with the claim of the load in flight. */
  readonly stored: StoredEntry | undefined
}

const NO_ROWS: Rows = { read: 0, written: 0 }

const NO_KV =
  'The CacheShard class finds no KV namespace, so it can neither write replicas nor delete large values: bind the one of kvAdapter ' +
  "as CACHE_KV in the Worker of the class, or override its `kv`; or read with reads: 'owner'"

import type { Alarm } from './alarm.ts'
import { isPermanent, statusOf } from './kv-errors.ts'
import { CLEAR_RETENTION_MS, CLOCK_SKEW_MS, PUBLISH_DELAY_MS, REPLICA_LIFETIME_MS } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { OwnerState } from './owner-state.ts'
import { SWEEP_INTERVAL_MS, sweepFor } from './sweep-time.ts'

export interface UpkeepOptions {
  readonly state: OwnerState
  readonly alarm: Alarm
  /** The namespace, or the error that says why there is none. */
  readonly findKV: () => CacheKVNamespace | Error
  readonly tell: (fault: unknown) => void
}

/** The work of an owner's alarm: it writes replicas, announces clears, and removes expired entries. */
export class Upkeep {
  readonly #options: UpkeepOptions
  /** The permanent faults that were reported, each once. */
  readonly #told = new Set<string>()
  #failures = 0
  #blobFailures = 0

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  /** Never fails, because the platform repeats a failing alarm only six times. */
  async run(): Promise<void> {
    const { alarm, tell } = this.#options
    try {
      await this.#run()
    } catch (error) {
      tell(error)
      this.#failures += 1
      alarm.wakeAt(Date.now() + Math.min(PUBLISH_DELAY_MS * 2 ** this.#failures, SWEEP_INTERVAL_MS))
    }
  }

  async #run(): Promise<void> {
    const { state, alarm, findKV } = this.#options
    const kv = findKV()
    const isFlush = state.isUnpublished
    const retry = isFlush ? await this.#flush(kv) : 0
    const now = Date.now()
    const nextSweep = state.settings.sweptAt + SWEEP_INTERVAL_MS
    const sweepAt = !isFlush || now >= nextSweep ? await this.#sweep(kv, now) : nextSweep
    if (sweepAt !== null) alarm.wakeAt(sweepAt)
    if (state.isUnpublished) alarm.wakeAt(retry)
  }

  /** Writes to KV what is due, and returns when to try the rest again. */
  async #flush(kv: CacheKVNamespace | Error): Promise<number> {
    const { state } = this.#options
    if (kv instanceof Error) {
      this.#tellOnce('no KV', kv)
      return this.#giveUp(Date.now())
    }
    const faults = await state.publisher.flush(kv)
    await this.#announce(kv).catch((fault: unknown) => faults.push(fault))
    for (const fault of faults) this.#tell(fault)
    this.#failures = faults.length > 0 ? this.#failures + 1 : 0
    const now = Date.now()
    if (faults.length > 0) this.#giveUp(now)
    const isHopeless = faults.length > 0 && faults.every(isPermanent)
    return (
      now + (isHopeless ? PERMANENT_RETRY_MS : Math.min(PUBLISH_DELAY_MS * 2 ** this.#failures, MAX_RETRY_MS))
    )
  }

  /** Forgets what has lapsed, and returns when the rest will have. */
  #giveUp(now: number): number {
    const { publisher, settings, entries } = this.#options.state
    publisher.sweep(now)
    const clearedAt = (entries.clears.lastAt ?? 0) + REPLICA_LIFETIME_MS + CLOCK_SKEW_MS
    if (settings.unannounced !== undefined && clearedAt <= now) settings.announced()
    return Math.max(publisher.lapsedAt ?? 0, settings.unannounced === undefined ? 0 : clearedAt)
  }

  /** Announces the clears and invalidated tags to readers, which invalidates earlier replicas. */
  async #announce(kv: CacheKVNamespace): Promise<void> {
    const { settings, entries } = this.#options.state
    const { unannounced } = settings
    if (unannounced === undefined) return
    const { known, generation } = entries.clears
    // No replica from before a clear lives longer. An announcement by an earlier storage of this object must not either.
    const expirationTtl = CLEAR_RETENTION_MS / 1000
    await kv.put(unannounced, JSON.stringify(Object.fromEntries(known.all)), { expirationTtl })
    if (entries.clears.generation === generation) settings.announced()
  }

  /** Returns when the next sweep is due, if ever. */
  async #sweep(kv: CacheKVNamespace | Error, now: number): Promise<number | null> {
    const { entries, publisher, settings } = this.#options.state
    const swept = entries.sweep(now - CLOCK_SKEW_MS, MAX_SWEPT_ENTRIES)
    publisher.sweep(now)
    entries.clears.forget(now - CLEAR_RETENTION_MS)
    const { isMore, next } = await this.#sweepBlobs(kv, now)
    const mayBeMore = isMore || swept >= MAX_SWEPT_ENTRIES
    // A sweep that blobs need sooner than in an hour is dated back.
    settings.sweptAt = mayBeMore ? 0 : next === null ? now : Math.min(now, next - SWEEP_INTERVAL_MS)
    // Callers that wait come first.
    if (mayBeMore) return now
    const deadline = entries.nextDeadline
    if (deadline === null) return next
    return Math.min(sweepFor(deadline, now), next ?? Number.POSITIVE_INFINITY)
  }

  async #sweepBlobs(
    kv: CacheKVNamespace | Error,
    now: number,
  ): Promise<{ isMore: boolean; next: number | null }> {
    const { blobs } = this.#options.state
    if (!blobs.mayBeAny) return { isMore: false, next: null }
    if (kv instanceof Error) {
      // Only a new deployment can bind one, and its first call sets an alarm again.
      this.#tellOnce('no KV', kv)
      return { isMore: false, next: null }
    }
    try {
      const swept = await blobs.sweep(kv, now, MAX_DELETED_BLOBS)
      this.#blobFailures = 0
      return swept
    } catch (fault) {
      this.#tell(fault)
      this.#blobFailures += 1
      const pause = isPermanent(fault) ? SWEEP_INTERVAL_MS : PERMANENT_RETRY_MS
      return { isMore: false, next: now + Math.min(pause * 2 ** (this.#blobFailures - 1), MAX_BLOB_RETRY_MS) }
    }
  }

  #tell(fault: unknown): void {
    if (isPermanent(fault)) this.#tellOnce(`KV ${statusOf(fault)}`, fault)
    else this.#options.tell(fault)
  }

  #tellOnce(kind: string, fault: unknown): void {
    if (this.#told.has(kind)) return
    this.#told.add(kind)
    this.#options.tell(fault)
  }
}

/** Per alarm, so that no caller waits long. */
const MAX_SWEPT_ENTRIES = 10_000
/** Per alarm: replicas that become due meanwhile wait for the next one. */
const MAX_DELETED_BLOBS = 60
/** The longest pause between attempts to write replicas. */
const MAX_RETRY_MS = 60_000
/** The pause where a retry hardly helps. */
const PERMANENT_RETRY_MS = 600_000
/** The longest pause between attempts to delete blobs. */
const MAX_BLOB_RETRY_MS = 86_400_000

import type { Alarm } from './alarm.ts'
import { isPermanent, statusOf } from './kv-errors.ts'
import { CLOCKS, GATHER, KEPT_UP } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { OwnerState } from './owner-state.ts'
import { FORGOTTEN_AFTER, GRACE, SWEEP_EVERY, sweepFor } from './sweep-time.ts'

export interface UpkeepOptions {
  readonly state: OwnerState
  readonly alarm: Alarm
  /** The namespace, or why there is none. */
  readonly findKV: () => CacheKVNamespace | Error
  readonly tell: (fault: unknown) => void
}

/** What an owner does when its alarm rings: it writes the copies that are due, announces clears, and removes what is dead. */
export class Upkeep {
  readonly #options: UpkeepOptions
  /** The faults that do not pass, and of which it was told: each once is enough. */
  readonly #told = new Set<string>()
  #failures = 0
  #blobFailures = 0

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  /** Never fails: the platform repeats a failing alarm six times, and then no more. */
  async run(): Promise<void> {
    const { alarm, tell } = this.#options
    try {
      await this.#run()
    } catch (error) {
      tell(error)
      this.#failures += 1
      alarm.wakeAt(Date.now() + Math.min(GATHER * 2 ** this.#failures, SWEEP_EVERY))
    }
  }

  async #run(): Promise<void> {
    const { state, alarm, findKV } = this.#options
    const kv = findKV()
    const isFlush = state.isUnpublished
    const retry = isFlush ? await this.#flush(kv) : 0
    const now = Date.now()
    const nextSweep = state.settings.sweptAt + SWEEP_EVERY
    const sweepAt = !isFlush || now >= nextSweep ? await this.#sweep(kv, now) : nextSweep
    if (sweepAt !== null) alarm.wakeAt(sweepAt)
    if (state.isUnpublished) alarm.wakeAt(retry)
  }

  /** Writes to KV what is due there, and gives when to try again what is left. */
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
    return now + (isHopeless ? PERMANENT_PAUSE : Math.min(GATHER * 2 ** this.#failures, MAX_PAUSE))
  }

  /** Forgets what no reader can miss any more, since every copy of before has lapsed, and gives when that is true of all. */
  #giveUp(now: number): number {
    const { publisher, settings, entries } = this.#options.state
    publisher.sweep(now)
    const clearedAt = (entries.lastClearAt ?? 0) + KEPT_UP + CLOCKS
    if (settings.unannounced !== undefined && clearedAt <= now) settings.announced()
    return Math.max(publisher.lapsedAt ?? 0, settings.unannounced === undefined ? 0 : clearedAt)
  }

  /** Tells readers of the clears, so that copies of before them die. */
  async #announce(kv: CacheKVNamespace): Promise<void> {
    const { settings, entries } = this.#options.state
    const { unannounced } = settings
    if (unannounced === undefined) return
    const { clears, generation } = entries
    // Later there is no copy of before. What another storage of this object announced must not live on either.
    const expirationTtl = FORGOTTEN_AFTER / 1000
    await kv.put(unannounced, JSON.stringify(Object.fromEntries(clears)), { expirationTtl })
    if (entries.generation === generation) settings.announced()
  }

  /** Gives when the next one is due, if any. */
  async #sweep(kv: CacheKVNamespace | Error, now: number): Promise<number | null> {
    const { entries, publisher, settings } = this.#options.state
    const swept = entries.sweep(now - GRACE, SWEPT_AT_ONCE)
    publisher.sweep(now)
    entries.forgetClears(now - FORGOTTEN_AFTER)
    const { isMore, next } = await this.#sweepBlobs(kv, now)
    const mayBeMore = isMore || swept >= SWEPT_AT_ONCE
    // Where blobs are to be looked at sooner than in an hour, it counts as having been earlier.
    settings.sweptAt = mayBeMore ? 0 : next === null ? now : Math.min(now, next - SWEEP_EVERY)
    // What is left has its turn soon, after those who wait.
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
      // Only a deployment can bind one, and whoever calls then has them looked for again.
      this.#tellOnce('no KV', kv)
      return { isMore: false, next: null }
    }
    try {
      const swept = await blobs.sweep(kv, now, BLOBS_AT_ONCE)
      this.#blobFailures = 0
      return swept
    } catch (fault) {
      this.#tell(fault)
      this.#blobFailures += 1
      const pause = isPermanent(fault) ? SWEEP_EVERY : PERMANENT_PAUSE
      return { isMore: false, next: now + Math.min(pause * 2 ** (this.#blobFailures - 1), MAX_BLOB_PAUSE) }
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

/** Entries removed in one turn, so that no caller waits long. */
const SWEPT_AT_ONCE = 10_000
/** Blobs deleted by one alarm, some six at a time: the copies that change meanwhile wait for the next. */
const BLOBS_AT_ONCE = 60
/** Milliseconds between attempts to write copies, at most. */
const MAX_PAUSE = 60_000
/** The same where KV will hardly answer otherwise. */
const PERMANENT_PAUSE = 600_000
/** Milliseconds between attempts to delete blobs, at most. */
const MAX_BLOB_PAUSE = 86_400_000

import type { Entry, Wanted } from '../../core/adapter.ts'
import type { Read } from '../../core/batcher.ts'
import { isLive } from '../../core/liveness.ts'
import { blobOf, isPointer } from './blob-pointer.ts'
import type { EdgeParts } from './edge-adapter.ts'
import type { StoredEntry } from './protocol.ts'
import { decodeEntry, given } from './stored-entry.ts'

export interface EdgeRead extends Read {
  readonly fresh: boolean
  readonly now: number
}

export const NO_KV = 'The value is in KV, and this adapter was given no KV namespace: { kv: env.CACHE_KV }'

type Answers = Map<string, PromiseSettledResult<StoredEntry | null>>
/** Large values under way: each is fetched once, whoever asks. */
type Wholes = Map<string, Promise<StoredEntry | undefined>>

/** Reads: near where a copy may answer, from the owners where it must be exact or no copy does. */
export class EdgeReader {
  readonly #parts: EdgeParts

  constructor(parts: EdgeParts) {
    this.#parts = parts
  }

  /** Reads for all who ask, each key once; values only where anyone wants them, and fresh where anyone does. */
  async read(reads: readonly EdgeRead[]): Promise<Promise<(Entry | undefined)[]>[]> {
    const [lone] = reads
    if (reads.length === 1 && lone?.keys.length === 1) return [this.#readOne(lone.keys[0] as string, lone)]
    const now = Math.max(...reads.map((read) => read.now))
    const exact = new Set<string>()
    const whole = new Set<string>()
    const keys = new Set<string>()
    for (const read of reads) {
      for (const key of read.keys) {
        keys.add(key)
        if (read.wanted === 'value') whole.add(key)
        if (read.fresh || !this.#parts.nearby?.reader.mayHaveCopy(key, now)) exact.add(key)
      }
    }
    const near = [...keys].filter((key) => !exact.has(key))
    const answers: Answers = new Map()
    await Promise.all([
      this.#readNear(near, now, answers),
      this.#ask(
        [...exact].filter((key) => whole.has(key)),
        'value',
        answers,
      ),
      this.#ask(
        [...exact].filter((key) => !whole.has(key)),
        'presence',
        answers,
      ),
    ])
    const wholes: Wholes = new Map()
    // Decoded for each who asks: each gets an object of its own.
    return reads.map(async ({ keys: asked, wanted }) =>
      Promise.all(asked.map((key) => this.#asWanted(key, given(answers.get(key)), wanted, now, wholes))),
    )
  }

  /** Most reads are of one key: without the sorting. */
  async #readOne(key: string, { wanted, fresh, now }: EdgeRead): Promise<(Entry | undefined)[]> {
    const { nearby, owners } = this.#parts
    const isNear = !fresh && nearby?.reader.mayHaveCopy(key, now) === true
    const near = isNear ? await nearby.reader.read([key], now) : undefined
    const copy = near?.entries.get(key)
    if (copy !== undefined) return [await this.#asWanted(key, copy, wanted, now)]
    const [answer] = await owners.read([key], isNear ? 'value' : wanted, isNear ? nearby.prefix : undefined)
    const entry = given(answer)
    const doubted = near?.inDoubt.get(key)
    if (doubted !== undefined) nearby?.reader.confirm(key, doubted, entry)
    return [await this.#asWanted(key, entry, wanted, now)]
  }

  #asWanted(
    key: string,
    entry: StoredEntry | null,
    wanted: Wanted,
    now: number,
    wholes?: Wholes,
  ): Entry | undefined | Promise<Entry | undefined> {
    if (entry === null || wanted === 'presence') return entry ?? undefined
    if (!isPointer(entry.value)) return decodeEntry(entry)
    const whole = wholes?.get(key) ?? this.#whole(key, entry, now)
    wholes?.set(key, whole)
    return whole.then((found) => found && decodeEntry(found))
  }

  /** The entry with its value, as it is stored. Lost, it is a miss. */
  async #whole(key: string, entry: StoredEntry, now: number): Promise<StoredEntry | undefined> {
    const blob = blobOf(entry)
    if (blob === undefined) return entry
    // What has expired is nobody's, and its blob may be gone.
    if (!isLive(entry, now)) return undefined
    const { blobs, owners } = this.#parts
    if (blobs === undefined) throw new Error(NO_KV)
    const whole = await blobs.follow(entry, now)
    if (whole !== undefined) return whole
    // A copy may point to what was replaced since: the owner knows what holds.
    const [answer] = await owners.read([key], 'value')
    const current = given(answer)
    if (current === null) return undefined
    if (blobOf(current)?.name !== blob.name) return this.#whole(key, current, now)
    const lost = { key, op: { kind: 'delete' }, blob: { from: blob.name } } as const
    for (const dropped of await owners.commit([lost], now, () => {})) given(dropped)
    return undefined
  }

  async #readNear(keys: readonly string[], now: number, answers: Answers): Promise<void> {
    const { nearby } = this.#parts
    if (keys.length === 0 || nearby === undefined) return
    const { entries: copies, inDoubt } = await nearby.reader.read(keys, now)
    for (const [key, value] of copies) answers.set(key, { status: 'fulfilled', value })
    const missed = copies.size === 0 ? keys : keys.filter((key) => !copies.has(key))
    await this.#ask(missed, 'value', answers, nearby.prefix)
    for (const [key, doubted] of inDoubt) {
      const answer = answers.get(key)
      if (answer?.status === 'fulfilled') nearby.reader.confirm(key, doubted, answer.value)
    }
  }

  async #ask(keys: readonly string[], wanted: Wanted, answers: Answers, publish?: string): Promise<void> {
    if (keys.length === 0) return
    for (const [index, answer] of (await this.#parts.owners.read(keys, wanted, publish)).entries()) {
      answers.set(keys[index] as string, answer)
    }
  }
}

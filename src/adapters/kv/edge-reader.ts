import type { ClaimRequest, Entry, Wanted } from '../../core/adapter.ts'
import type { Read } from '../../core/batcher.ts'
import { isOpen, staleUntil } from '../../core/operations.ts'
import { blobOf } from './blob-pointer.ts'
import { decodeEntry } from './codec.ts'
import type { EdgeClaims } from './edge-claims.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { StoredEntry } from './protocol.ts'
import { settledValue } from './shard-client.ts'

export interface EdgeRead extends Read {
  readonly fresh: boolean
  readonly now: number
  /** The load to claim, if the key has no live entry. */
  readonly claim?: ClaimRequest | undefined
}

type Answer = PromiseSettledResult<StoredEntry | null>

/** Reads from replicas where one may answer, and from the owners otherwise. */
export class EdgeReader {
  readonly #parts: EdgeParts
  readonly #claims: EdgeClaims

  constructor(parts: EdgeParts, claims: EdgeClaims) {
    this.#parts = parts
    this.#claims = claims
  }

  /** Reads each key once for all callers: fresh if any asks for it fresh, with its value if any wants that. */
  async read(reads: readonly EdgeRead[]): Promise<Promise<(Entry | undefined)[]>[]> {
    const { client, replicas } = this.#parts
    const now = Math.max(...reads.map((read) => read.now))
    const all = new Set<string>()
    const exact = new Set<string>()
    const withValue = new Set<string>()
    const claims = new Map<string, ClaimRequest>()
    for (const { keys, wanted, fresh, claim } of reads) {
      const [first] = keys
      if (claim !== undefined && first !== undefined) claims.set(first, claim)
      for (const key of keys) {
        all.add(key)
        if (wanted === 'value') withValue.add(key)
        if (fresh || replicas?.mayHaveReplica(key, now) !== true) exact.add(key)
      }
    }
    const answers = new Map<string, Answer>()
    const ask = async (keys: string[], read: (keys: string[]) => Promise<Answer[]> | undefined) => {
      const found = keys.length === 0 ? [] : await read(keys)
      for (const [index, answer] of (found ?? []).entries()) answers.set(keys[index] as string, answer)
    }
    await Promise.all([
      ask(
        [...all].filter((key) => !exact.has(key)),
        (keys) => replicas?.read(keys, now, claims),
      ),
      ...(['value', 'presence'] as const).map((wanted) =>
        ask(
          [...exact].filter((key) => withValue.has(key) === (wanted === 'value')),
          (keys) => client.read(keys, wanted, { claims, now }),
        ),
      ),
    ])
    for (const [key, claim] of claims) this.#noteClaim(key, claim, answers.get(key))
    const large = new Map<string, Promise<StoredEntry | undefined>>()
    const answer = async (key: string, wanted: Wanted): Promise<Entry | undefined> => {
      const entry = settledValue(answers.get(key)) ?? undefined
      if (entry === undefined || wanted === 'presence') return entry
      if (blobOf(entry) === undefined) return decodeEntry(entry)
      // Fetched once, and decoded for each caller: each gets an object of its own.
      const whole = large.get(key) ?? this.#withBlob(key, entry, now)
      large.set(key, whole)
      const found = await whole
      return found && decodeEntry(found)
    }
    return reads.map(({ keys, wanted }) => Promise.all(keys.map((key) => answer(key, wanted))))
  }

  #noteClaim(key: string, claim: ClaimRequest, answer: Answer | undefined): void {
    const entry = answer?.status === 'fulfilled' ? answer.value : undefined
    if (entry?.claim?.token === claim.token) this.#claims.granted(key, claim)
  }

  /** The entry with its value in place of the pointer to it. A lost value is a miss. */
  async #withBlob(key: string, entry: StoredEntry, now: number): Promise<StoredEntry | undefined> {
    const blob = blobOf(entry)
    if (blob === undefined) return entry
    if (!isOpen(staleUntil(entry), now)) return undefined
    const { blobs, client } = this.#parts
    const whole = await blobs.follow(entry, now)
    if (whole !== undefined) return whole
    // A replica may point to a value that was replaced since. The owner has the current pointer.
    const current = settledValue((await client.read([key], 'value'))[0])
    if (current === null) return undefined
    if (blobOf(current)?.name !== blob.name) return this.#withBlob(key, current, now)
    const lost = { key, op: { kind: 'delete' }, blob: { from: blob.name } } as const
    settledValue((await client.commit([lost], now, () => {}))[0])
    return undefined
  }
}

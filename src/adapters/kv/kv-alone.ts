import type { Change, Entry, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import { type Commit, decideBatch } from '../../core/batch.ts'
import { Batcher, type Read } from '../../core/batcher.ts'
import { CacheError } from '../../core/errors.ts'
import { type Encoded, encodeWithin, JSON_TEXT } from './codec.ts'
import { type CopyMetadata, copyText, entryOf, textBytes } from './copies.ts'
import { type Costs, newTally, type Tally } from './costs.ts'
import type { KVAdapter } from './edge-adapter.ts'
import { aloneSupports, MAX_BLOB_BYTES } from './limits.ts'
import type { CacheKVNamespace } from './namespace.ts'
import type { StoredEntry } from './protocol.ts'
import { readAll } from './read-all.ts'
import { decodeEntry } from './stored-entry.ts'

export interface KVAloneOptions {
  readonly kv: CacheKVNamespace
  readonly prefix: string
  readonly cacheTtl: number
}

interface AloneRead extends Read {
  readonly now: number
}

/**
 * A KV namespace without owners: reads, sets and deletes, each as fresh as KV is. What needs to be one step is refused, since
 * KV has no such thing.
 */
export class KVAlone implements KVAdapter {
  readonly name = 'kv'
  readonly supports: Supports
  readonly #options: KVAloneOptions
  readonly #tally: Tally = newTally()
  readonly #turns = new Batcher<AloneRead>({
    read: (reads) => this.#read(reads),
    commit: (commits) => this.#commit(commits),
  })

  constructor(options: KVAloneOptions) {
    this.#options = options
    this.supports = aloneSupports(options.prefix, options.cacheTtl)
  }

  read(keys: readonly string[], now: number, wanted: Wanted): Promise<readonly (Entry | undefined)[]> {
    return this.#turns.read({ keys, wanted, now })
  }

  async commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    for (const { op } of changes) if (op.kind !== 'set' && op.kind !== 'delete') throw unsupported(op.kind)
    return this.#turns.commit({ changes, now })
  }

  async clear(): Promise<void> {
    throw unsupported('clear')
  }

  async close(): Promise<void> {}

  costs(): Costs {
    return { ...this.#tally }
  }

  async #read(reads: readonly AloneRead[]): Promise<(Entry | undefined)[][]> {
    const now = Math.max(...reads.map((read) => read.now))
    const found = await this.#find([...new Set(reads.flatMap(({ keys }) => keys))], now)
    return reads.map(({ keys, wanted }) =>
      keys.map((key) => {
        const entry = found.get(key)
        return entry === undefined || wanted === 'presence' ? entry : decodeEntry(entry)
      }),
    )
  }

  async #find(keys: readonly string[], now: number): Promise<Map<string, StoredEntry>> {
    const { kv, prefix, cacheTtl } = this.#options
    this.#tally.kvReads += keys.length
    const found = await readAll<CopyMetadata>(
      kv,
      keys.map((key) => prefix + key),
      cacheTtl,
    )
    const entries = new Map<string, StoredEntry>()
    for (const [index, key] of keys.entries()) {
      const { value = null, metadata = null } = found[index] ?? {}
      const entry = entryOf(value, metadata, now)
      if (entry !== undefined) entries.set(key, entry)
    }
    return entries
  }

  /** What is left of each key after all changes of the turn is written once: KV takes one write a second of it. */
  async #commit(commits: readonly Commit[]): Promise<Promise<Outcome[]>[]> {
    const now = Math.max(...commits.map((commit) => commit.now))
    const prepared = commits.map(({ changes }) => changes.map(prepare))
    const deleted = prepared.flatMap((ofCommit) =>
      ofCommit.filter(({ change }) => change.op.kind === 'delete').map(({ change }) => change.key),
    )
    const stored = deleted.length === 0 ? new Map<string, Entry>() : await this.#find(deleted, now)
    const { outcomes, writes } = decideBatch(
      stored,
      prepared.map((ofCommit) => ({ now, changes: ofCommit.map(({ change }) => change) })),
    )
    // What this location does not see may be there all the same, and goes: by a delete, or a set of what is dead already.
    const concerned = prepared.flatMap((ofCommit) => ofCommit.map(({ change }) => change.key))
    const left = new Map([...concerned.map((key) => [key, undefined] as const), ...writes])
    const written = new Map(
      [...left].map(([key, entry]) => [key, this.#write(key, entry as TextEntry | undefined, now)]),
    )
    await Promise.allSettled(written.values())
    return prepared.map((ofCommit, at) =>
      Promise.all(
        ofCommit.map(async ({ change, refusal }, index) => {
          await written.get(change.key)
          return refusal ?? (outcomes[at]?.[index] as Outcome)
        }),
      ),
    )
  }

  async #write(key: string, entry: TextEntry | undefined, now: number): Promise<void> {
    const { kv, prefix } = this.#options
    if (entry === undefined) {
      this.#tally.kvDeletes += 1
      return kv.delete(prefix + key)
    }
    this.#tally.kvWrites += 1
    const { text, options } = copyText(entry, { until: null, generation: 0, stamp: 0 }, now)
    return kv.put(prefix + key, text, options)
  }
}

type TextEntry = StoredEntry & { readonly value: Encoded }

interface Prepared {
  readonly change: Change
  readonly refusal?: Outcome
}

function prepare(change: Change): Prepared {
  const { key, op } = change
  if (op.kind !== 'set') return { change }
  const encoded = encodeWithin(op.entry.value, MAX_BLOB_BYTES)
  const value: Encoded | undefined =
    typeof encoded === 'number' ? { format: JSON_TEXT, data: String(encoded) } : encoded
  if (value !== undefined && textBytes(value) <= MAX_BLOB_BYTES) {
    return { change: { key, op: { kind: 'set', entry: { ...op.entry, value } } } }
  }
  // It takes the old value with it: nobody shall read what its writer tried to replace.
  return { change: { key, op: { kind: 'delete' } }, refusal: { ok: false, reason: 'too-large' } }
}

function unsupported(what: string): CacheError {
  return new CacheError(
    'UNSUPPORTED',
    `Workers KV alone cannot do this (${what}): it needs an owner that decides. Bind the Durable Object class CacheShard, ` +
      'and give it to kvAdapter: { kv: env.CACHE_KV, shards: env.CACHE_SHARDS }',
  )
}

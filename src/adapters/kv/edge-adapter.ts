import type { Adapter, Change, Entry, Outcome, Supports, Wanted } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { Batcher } from '../../core/batcher.ts'
import type { Blobs } from './blobs.ts'
import { type EdgeRead, EdgeReader } from './edge-reader.ts'
import { EdgeWriter } from './edge-writer.ts'
import type { IsolateMemory } from './isolate-memory.ts'
import type { NearReader } from './near.ts'
import type { Owners } from './owners.ts'
import { Sequence } from './sequence.ts'

/** Where near reads come from. */
interface Nearby {
  readonly reader: NearReader
  /** What the KV keys of copies begin with. */
  readonly prefix: string
}

export interface EdgeParts {
  readonly supports: Supports
  readonly owners: Owners
  /** Without it, every read is its owner's. */
  readonly nearby: Nearby | undefined
  /** What near reads of this isolate must know of its writes, whoever makes them. */
  readonly memory: IsolateMemory | undefined
  /** Where large values go; without it, nowhere. */
  readonly blobs: Blobs | undefined
  /** The KV key under which the clears are told, if there is KV. */
  readonly clearsKey: string | undefined
}

/** The owners decide, and KV brings near. */
export class EdgeAdapter implements Adapter {
  readonly name = 'kv'
  readonly supports: Supports
  readonly #parts: EdgeParts
  readonly #reader: EdgeReader
  readonly #writer: EdgeWriter
  readonly #turns: Batcher<EdgeRead>
  /** A clear, the writing of large values or of very many, a move between owners: what the same request asks for later comes after them. */
  readonly #sequence = new Sequence()

  constructor(parts: EdgeParts) {
    this.supports = parts.supports
    this.#parts = parts
    this.#reader = new EdgeReader(parts)
    this.#writer = new EdgeWriter(parts)
    this.#turns = new Batcher<EdgeRead>({
      read: (reads) => this.#read(reads),
      commit: (commits) => this.#commit(commits),
    })
  }

  read(
    keys: readonly string[],
    now: number,
    wanted: Wanted,
    fresh = false,
  ): Promise<readonly (Entry | undefined)[]> {
    return this.#turns.read({ keys, wanted, fresh, now })
  }

  commit(changes: readonly Change[], now: number): Promise<readonly Outcome[]> {
    return this.#turns.commit({ changes, now })
  }

  clear(scope: string): Promise<void> {
    this.#turns.start()
    return this.#sequence.run(async () => {
      const { owners, memory, clearsKey } = this.#parts
      const generation = await owners.clear(scope, clearsKey)
      memory?.noteClear(scope, generation)
    })
  }

  async close(): Promise<void> {}

  async #read(reads: readonly EdgeRead[]): Promise<Promise<(Entry | undefined)[]>[]> {
    const { pending } = this.#sequence
    if (pending !== undefined) await pending
    return this.#reader.read(reads)
  }

  /** Fails as a promise does, also of a value that cannot be encoded: thrown at once, nobody would hear of it. */
  async #commit(commits: readonly Commit[]): Promise<Promise<Outcome[]>[]> {
    const prepared = commits.flatMap(({ changes }) => changes.map((change) => this.#writer.prepare(change)))
    if (this.#sequence.pending === undefined && !this.#writer.mayTakeSteps(prepared)) {
      return this.#writer.commit(commits, prepared)
    }
    return this.#sequence.run(() => this.#writer.commit(commits, prepared))
  }
}

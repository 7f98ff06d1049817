import { IsolateMemory } from './isolate-memory.ts'

/**
 * The memories of all caches that an isolate has used, within limits, since their number may grow with the number of tenants. For a
 * cache that was forgotten after a write, reads go to the owners for a while.
 */
export class IsolateMemories {
  /** By cache, the least recently used first. */
  readonly #memories = new Map<string, IsolateMemory>()
  /** When the last write to each forgotten cache began. */
  readonly #forgotten = new Map<string, number>()
  /** The latest of those times that were forgotten, too. */
  #forgottenAt = Number.NEGATIVE_INFINITY

  of(id: string): IsolateMemory {
    const memory = this.#memories.get(id) ?? new IsolateMemory(this.#forgotten.get(id) ?? this.#forgottenAt)
    this.#remember(id, memory)
    return memory
  }

  #remember(id: string, memory: IsolateMemory): void {
    this.#memories.delete(id)
    this.#memories.set(id, memory)
    this.#forgotten.delete(id)
    memory.onWrite = undefined
    let keys = 0
    for (const { size } of this.#memories.values()) keys += size
    for (const [oldest, { size }] of this.#memories) {
      if (oldest === id || (this.#memories.size <= MAX_CACHES && keys <= MAX_KEYS)) return
      this.#forget(oldest)
      keys -= size
    }
  }

  #forget(id: string): void {
    const memory = this.#memories.get(id)
    if (memory === undefined) return
    this.#memories.delete(id)
    this.#noteForgotten(id, memory.lastWriteAt)
    // An adapter that still has this memory may write, and readers with the next memory must know.
    memory.onWrite = (now) => {
      const successor = this.#memories.get(id)
      if (successor === undefined) this.#remember(id, memory)
      else successor.forgetBefore(now)
    }
  }

  #noteForgotten(id: string, writtenAt: number): void {
    if (writtenAt === Number.NEGATIVE_INFINITY) return
    this.#forgotten.set(id, writtenAt)
    if (this.#forgotten.size <= MAX_FORGOTTEN) return
    for (const [oldest, at] of this.#forgotten) {
      this.#forgotten.delete(oldest)
      this.#forgottenAt = Math.max(this.#forgottenAt, at)
      return
    }
  }
}

const MAX_CACHES = 100
/** Of all caches together: some megabytes of the 128 that an isolate has. */
const MAX_KEYS = 50_000
const MAX_FORGOTTEN = 10_000

const ours = new IsolateMemories()
/** In tests, where a binding stands for an isolate. */
const others = new WeakMap<object, IsolateMemories>()

/**
 * The memory of the cache whose replicas have this prefix in KV. It is found by the prefix and not by the binding, because tracing
 * tools wrap bindings anew in each request.
 */
export function memoryOf(prefix: string, kv: object): IsolateMemory {
  return (others.get(kv) ?? ours).of(prefix)
}

/** Makes a binding stand for another isolate, with memories of its own. Tests run in a single isolate. */
export function standForIsolate<Binding extends object>(kv: Binding): Binding {
  others.set(kv, new IsolateMemories())
  return kv
}

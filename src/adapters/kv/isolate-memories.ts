import { IsolateMemory } from './isolate-memory.ts'

/**
 * What an isolate remembers of all caches that it has met, within limits: their names may be those of tenants, and without end. What
 * it forgets makes it read at the owners.
 */
export class IsolateMemories {
  /** By cache; the one that was asked for last comes last. */
  readonly #memories = new Map<string, IsolateMemory>()
  /** Of caches that it remembers no more, when the last write began. */
  readonly #forgotten = new Map<string, number>()
  /** The same of caches of which it does not even remember that. */
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
    // An adapter may live on and write: whoever reads the same cache in this isolate must know.
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

/** Caches whose keys an isolate remembers. */
const MAX_CACHES = 100
/** Keys that it remembers of all of them: some megabytes of the 128 that an isolate has. */
const MAX_KEYS = 50_000
/** Caches of which it remembers only when it last wrote to them. */
const MAX_FORGOTTEN = 10_000

const ours = new IsolateMemories()
/** The isolates that bindings stand for, in tests. */
const others = new WeakMap<object, IsolateMemories>()

/**
 * What the isolate remembers of the cache whose copies begin with `prefix`. It goes by that text, which names the objects too, and
 * not by the binding: tracing tools wrap bindings anew in each request.
 */
export function memoryOf(prefix: string, kv: object): IsolateMemory {
  return (others.get(kv) ?? ours).of(prefix)
}

/** Has a binding stand for another isolate, which remembers nothing of this one: a test runs in a single isolate. */
export function standForIsolate<Binding extends object>(kv: Binding): Binding {
  others.set(kv, new IsolateMemories())
  return kv
}

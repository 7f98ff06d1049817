import { IsolateMemory } from './isolate-memory.ts'

/** What this isolate remembers, by cache; the one that was asked for last comes last. */
const memories = new Map<string, IsolateMemory>()
/** When the last write began that is remembered no more, of any cache. */
let forgottenAt = Number.NEGATIVE_INFINITY
/** The isolates that bindings stand for, in tests. */
const isolates = new WeakMap<object, string>()

/**
 * What the isolate remembers of the cache whose copies begin with `prefix`. It goes by that text, which names the objects too, and
 * not by the binding: tracing tools wrap bindings anew in each request.
 */
export function memoryOf(prefix: string, kv: object): IsolateMemory {
  const id = `${isolates.get(kv) ?? ''}/${prefix}`
  const memory = memories.get(id) ?? new IsolateMemory(forgottenAt)
  remember(id, memory)
  return memory
}

/** Has a binding stand for another isolate, which remembers nothing of this one: a test runs in a single isolate. */
export function standForIsolate<Binding extends object>(kv: Binding): Binding {
  isolates.set(kv, crypto.randomUUID())
  return kv
}

function remember(id: string, memory: IsolateMemory): void {
  memories.delete(id)
  memories.set(id, memory)
  memory.onWrite = undefined
  let keys = 0
  for (const { size } of memories.values()) keys += size
  for (const [oldest, { size }] of memories) {
    const isWithinLimits = memories.size <= MAX_CACHES && keys <= MAX_KEYS
    if (isWithinLimits || memories.size === 1) return
    forget(oldest)
    keys -= size
  }
}

/** For a while after a forgotten write, a cache that is met anew is read at its owners. */
function forget(id: string): void {
  const memory = memories.get(id)
  if (memory === undefined) return
  memories.delete(id)
  forgottenAt = Math.max(forgottenAt, memory.lastWriteAt)
  // An adapter may live on and write: whoever reads the same cache in this isolate must know.
  memory.onWrite = (now) => {
    const successor = memories.get(id)
    if (successor === undefined) remember(id, memory)
    else successor.forgetBefore(now)
  }
}

/** The names of caches may be those of tenants: there is no end of them. */
const MAX_CACHES = 100
/** Keys that all caches together remember: some megabytes of the 128 that an isolate has. */
const MAX_KEYS = 50_000

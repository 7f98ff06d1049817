import type { AsyncCache } from '../../src/core/cache.ts'
import type { LoadContext } from '../../src/core/loader.ts'
import type { Change, History, LoadPlan, Read, Step, Value } from './history.ts'

/** Returns the next value of the clock that all clients of a history share. */
export type NextMoment = () => number | Promise<number>

/** Seconds. */
const TIMEOUT = 10

/** Makes the steps of one client, one after another, and records what happened. Nothing here comes from the library. */
export class Recorder implements History {
  readonly values: Value[] = []
  readonly changes: Change[] = []
  readonly reads: Read[] = []
  readonly #client: string
  #made = 0
  readonly #cache: AsyncCache
  readonly #nextMoment: NextMoment
  readonly #advance: (seconds: number) => void

  constructor(
    client: string,
    cache: AsyncCache,
    nextMoment: NextMoment,
    advance: (seconds: number) => void = () => {},
  ) {
    this.#client = client
    this.#cache = cache
    this.#nextMoment = nextMoment
    this.#advance = advance
  }

  async follow(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.method === 'advance') this.#advance(step.seconds)
      else await this.#make(step)
    }
  }

  async #make(step: Exclude<Step, { method: 'advance' }>): Promise<void> {
    const cache = this.#cache
    const { method } = step
    switch (method) {
      case 'agetOrSet':
        return this.#read(method, step.key, () => this.#load(step.key, step.load))
      case 'aget':
        return this.#read(method, step.key, () => cache.aget(step.key))
      case 'apop':
        return this.#pop(step.key)
      case 'aset': {
        const id = this.#nextId('set')
        const { key, tags } = step
        await this.#change(
          { method, key },
          () => cache.aset(key, id, { timeout: TIMEOUT, tags }),
          (since) => this.values.push({ id, key, tags, since, hasWindow: false }),
        )
        return
      }
      case 'aclear':
        await this.#change({ method }, () => cache.aclear())
        return
      case 'adelete':
      case 'aexpire':
        await this.#change({ method, key: step.key }, () => cache[method](step.key))
        return
      default:
        await this.#change({ method, tags: step.tags }, () => cache[method](...step.tags))
    }
  }

  async #read(method: string, key: string, call: () => Promise<unknown>): Promise<void> {
    const invoked = await this.#nextMoment()
    const value = await call().catch(expected)
    this.reads.push({
      method,
      key,
      value: value as string | undefined,
      invoked,
      returned: await this.#nextMoment(),
    })
  }

  async #pop(key: string): Promise<void> {
    const invoked = await this.#nextMoment()
    const value = await this.#cache.apop<string>(key)
    const returned = await this.#nextMoment()
    const call = { method: 'apop', key, invoked, returned }
    this.reads.push({ ...call, value })
    // Who finds nothing ends no load.
    if (value !== undefined) this.changes.push(call)
  }

  /** A value is known from before it is stored: whoever reads it before its write is acknowledged reads it in time. */
  async #change<T>(
    change: Pick<Change, 'method' | 'key' | 'tags'>,
    call: () => Promise<T>,
    made?: (since: number) => void,
  ): Promise<T> {
    const invoked = await this.#nextMoment()
    const result = await call()
    const returned = await this.#nextMoment()
    this.changes.push({ ...change, invoked, returned })
    made?.(returned)
    return result
  }

  #load(key: string, plan: LoadPlan): Promise<unknown> {
    const { tags, isLate, window, moments, end } = plan
    const loader = async ({ setOptions, skip }: LoadContext): Promise<string | undefined> => {
      const id = this.#nextId('load')
      this.values.push({ id, key, tags, since: await this.#nextMoment(), hasWindow: window > 0 })
      if (isLate) setOptions({ tags })
      for (let moment = 0; moment < moments; moment += 1) await this.#nextMoment()
      if (end === 'error') throw new Error(REFUSED)
      if (end === 'skip') skip()
      return end === 'undefined' ? undefined : id
    }
    const known = isLate ? {} : { tags }
    return this.#cache.agetOrSet(key, loader, { timeout: TIMEOUT, staleWhileRevalidate: window, ...known })
  }

  #nextId(kind: string): string {
    this.#made += 1
    return `${kind} ${this.#client}.${this.#made}`
  }
}

const REFUSED = 'this loader fails'

function expected(error: unknown): undefined {
  if (!(error instanceof Error) || error.message !== REFUSED) throw error
}

export function joined(histories: readonly History[]): History {
  return {
    values: histories.flatMap(({ values }) => values),
    changes: histories.flatMap(({ changes }) => changes),
    reads: histories.flatMap(({ reads }) => reads),
  }
}

import { type Call, PREFIXES } from './steps.ts'

interface Held {
  readonly value: unknown
  readonly deadline: number
  /** Milliseconds after the deadline in which `agetOrSet` and `aentry` still return the value. */
  readonly window: number
  /** When it was stored; `undefined` if nobody asked for that. */
  readonly storedAt: number | undefined
  readonly tags: readonly string[]
}

/** The library's error codes that the model returns. */
export class Refused extends Error {}

/**
 * The contract as simple code: a Map, and nothing from the library. It is slow and easy to verify. The
 * adapters are compared with it.
 */
export class Model {
  readonly #held: Map<string, Held>
  readonly #now: () => number

  constructor(now: () => number, held: Map<string, Held> = new Map()) {
    this.#now = now
    this.#held = held
  }

  copy(): Model {
    return new Model(this.#now, new Map(this.#held))
  }

  /** Returns the same string for the same state. */
  state(): string {
    return [...this.#held]
      .map(([name, held]) => `${name} ${show(held)}`)
      .sort()
      .join('\n')
  }

  apply({ cache, method, args }: Call): unknown {
    const prefix = PREFIXES[cache] as string
    if (method === 'aclear') return this.#clear(prefix)
    if (method === 'adeleteTags' || method === 'aexpireTags')
      return this.#invalidate(prefix, args as string[], method === 'aexpireTags')
    const [subject, second, third] = args
    const options = (COUNTING.includes(method) ? third : args.at(-1)) as Options
    const at = (key: unknown, version = options.version ?? 1): string =>
      JSON.stringify([prefix, version, key])
    const name = at(subject)
    switch (method) {
      case 'aget':
        return this.#live(name)?.value
      case 'aset':
        return this.#put(name, second, options)
      case 'aadd':
        if (this.#live(name)) return false
        this.#put(name, second, options)
        return true
      case 'agetOrSet': {
        const kept = this.#kept(name)
        // A stale value is replaced in the background, before the next step.
        if (!this.#live(name)) this.#put(name, second, options)
        return kept ? kept.value : second
      }
      case 'aexpire': {
        const live = this.#live(name)
        if (live) this.#expire(name, live)
        return live !== undefined
      }
      case 'aentry': {
        const kept = this.#kept(name)
        if (!kept) return undefined
        const { value, deadline, storedAt, tags } = kept
        const now = this.#now()
        return {
          value,
          age: storedAt === undefined ? undefined : (now - storedAt) / 1000,
          ttl: deadline === Number.POSITIVE_INFINITY ? null : Math.max(0, deadline - now) / 1000,
          isStale: deadline <= now,
          tags,
        }
      }
      case 'ahasKey':
        return this.#live(name) !== undefined
      case 'attl': {
        const live = this.#live(name)
        if (!live) return undefined
        return live.deadline === Number.POSITIVE_INFINITY ? null : (live.deadline - this.#now()) / 1000
      }
      case 'atouch': {
        const live = this.#live(name)
        if (live) this.#hold(name, { ...live, deadline: this.#deadline(options.timeout) })
        return live !== undefined
      }
      case 'adelete':
        return this.#remove(name)
      case 'apop':
        return this.#take(name)?.value
      case 'aincr':
        return this.#count(name, second as number, options)
      case 'aincrWithTtl': {
        const value = this.#count(name, second as number, options)
        const live = this.#live(name)
        const deadline = live?.deadline ?? this.#now()
        return { value, ttl: deadline === Number.POSITIVE_INFINITY ? null : (deadline - this.#now()) / 1000 }
      }
      case 'adecr':
        return this.#count(name, -(second as number), options)
      case 'aincrVersion': {
        const version = (options.version ?? 1) + (second as number)
        const live = this.#take(name)
        if (!live) throw new Refused('KEY_NOT_FOUND')
        this.#held.set(at(subject, version), live)
        return version
      }
      case 'akeys':
      case 'aentries':
        return [...this.#held.keys()]
          .flatMap((held) => {
            const [heldPrefix, version, key] = JSON.parse(held)
            const live = this.#live(held)
            const isListed =
              heldPrefix === prefix && version === (options.version ?? 1) && key.startsWith(subject)
            if (!live || !isListed) return []
            return [show(method === 'akeys' ? key : [key, live.value])]
          })
          .sort()
      case 'agetMany':
        return new Map(
          [...new Set(subject as string[])].flatMap((key) => {
            const live = this.#live(at(key))
            return live ? [[key, live.value]] : []
          }),
        )
      case 'asetMany':
        for (const [key, value] of subject as [string, unknown][]) this.#put(at(key), value, options)
        return []
      case 'adeleteMany':
        for (const key of subject as string[]) this.#remove(at(key))
        return undefined
      default:
        throw new Error(`The model does not know ${method}`)
    }
  }

  #live(name: string): Held | undefined {
    const held = this.#held.get(name)
    return held && held.deadline > this.#now() ? held : undefined
  }

  /** Live or stale. */
  #kept(name: string): Held | undefined {
    const held = this.#held.get(name)
    return held && held.deadline + held.window > this.#now() ? held : undefined
  }

  /** Takes a live value. A stale one stays. */
  #take(name: string): Held | undefined {
    const live = this.#live(name)
    if (live) this.#held.delete(name)
    return live
  }

  /** Removes the value, also a stale one. */
  #remove(name: string): boolean {
    const isLive = this.#live(name) !== undefined
    this.#held.delete(name)
    return isLive
  }

  #put(name: string, value: unknown, options: Options): void {
    this.#hold(name, this.#made(value, options))
  }

  #made(value: unknown, { timeout, staleWhileRevalidate = 0, tags = [] }: Options): Held {
    const window =
      staleWhileRevalidate === null ? Number.POSITIVE_INFINITY : Math.max(0, staleWhileRevalidate) * 1000
    const storedAt = window > 0 || tags.length > 0 ? this.#now() : undefined
    return { value, deadline: this.#deadline(timeout), window, storedAt, tags: [...new Set(tags)] }
  }

  /** What is expired when it is stored is not stored. */
  #hold(name: string, held: Held): void {
    if (held.deadline > this.#now()) this.#held.set(name, held)
    else this.#held.delete(name)
  }

  #deadline(timeout: number | null = 300): number {
    return timeout === null ? Number.POSITIVE_INFINITY : this.#now() + timeout * 1000
  }

  #expire(name: string, held: Held): void {
    const now = this.#now()
    if (held.deadline + held.window <= now || held.window === 0) this.#held.delete(name)
    else this.#held.set(name, { ...held, deadline: Math.min(held.deadline, now) })
  }

  #invalidate(prefix: string, tags: readonly string[], isSoft: boolean): void {
    for (const [name, held] of this.#held) {
      if (JSON.parse(name)[0] !== prefix || !held.tags.some((tag) => tags.includes(tag))) continue
      if (isSoft) this.#expire(name, held)
      else this.#held.delete(name)
    }
  }

  #count(name: string, delta: number, { initial, timeout, tags }: Options): number {
    const live = this.#live(name)
    if (!live && initial === undefined) throw new Refused('KEY_NOT_FOUND')
    const held = live ?? this.#made(initial, { timeout, tags })
    const { value } = held
    if (typeof value !== 'number' || Object.is(value, -0)) throw new Refused('NOT_AN_INTEGER')
    const counted = value + delta
    if (Math.abs(counted) > Number.MAX_SAFE_INTEGER) throw new Refused('OUT_OF_RANGE')
    this.#hold(name, { ...held, value: counted })
    return counted
  }

  #clear(prefix: string): void {
    for (const name of this.#held.keys()) {
      if (prefix === '' || JSON.parse(name)[0] === prefix) this.#held.delete(name)
    }
  }
}

const COUNTING: readonly string[] = ['aincr', 'aincrWithTtl', 'adecr', 'aincrVersion']

/** Formats a value as a string. Equal values give equal strings, different values different ones. */
export function show(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Map) return { Map: [...part] }
    if (part === undefined) return { special: 'undefined' }
    return Object.is(part, -0) ? { special: '-0' } : part
  })
}

interface Options {
  readonly version?: number
  readonly timeout?: number | null | undefined
  readonly initial?: number
  readonly staleWhileRevalidate?: number | null
  readonly tags?: readonly string[] | undefined
}

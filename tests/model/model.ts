import { type Call, PREFIXES } from './steps.ts'

interface Held {
  readonly value: unknown
  readonly deadline: number
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
      .map(([name, { value, deadline }]) => `${name} ${show(value)} ${deadline}`)
      .sort()
      .join('\n')
  }

  apply({ cache, method, args }: Call): unknown {
    const prefix = PREFIXES[cache] as string
    if (method === 'aclear') return this.#clear(prefix)
    const [subject, second, third] = args
    const options = (
      method === 'aincr' || method === 'adecr' || method === 'aincrVersion' ? third : args.at(-1)
    ) as Options
    const at = (key: unknown, version = options.version ?? 1): string =>
      JSON.stringify([prefix, version, key])
    const name = at(subject)
    switch (method) {
      case 'aget':
        return this.#live(name)?.value
      case 'aset':
        return this.#put(name, second, options.timeout)
      case 'aadd':
        if (this.#live(name)) return false
        this.#put(name, second, options.timeout)
        return true
      case 'agetOrSet': {
        const live = this.#live(name)
        if (live) return live.value
        this.#put(name, second, options.timeout)
        return second
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
        if (live) this.#put(name, live.value, options.timeout)
        return live !== undefined
      }
      case 'adelete':
        return this.#take(name) !== undefined
      case 'apop':
        return this.#take(name)?.value
      case 'aincr':
        return this.#count(name, second as number, options)
      case 'adecr':
        return this.#count(name, -(second as number), options)
      case 'aincrVersion': {
        const version = (options.version ?? 1) + (second as number)
        const live = this.#take(name)
        if (!live) throw new Refused('KEY_NOT_FOUND')
        this.#held.set(at(subject, version), live)
        return version
      }
      case 'agetMany':
        return new Map(
          [...new Set(subject as string[])].flatMap((key) => {
            const live = this.#live(at(key))
            return live ? [[key, live.value]] : []
          }),
        )
      case 'asetMany':
        for (const [key, value] of subject as [string, unknown][]) this.#put(at(key), value, options.timeout)
        return []
      case 'adeleteMany':
        for (const key of subject as string[]) this.#take(at(key))
        return undefined
      default:
        throw new Error(`The model does not know ${method}`)
    }
  }

  #live(name: string): Held | undefined {
    const held = this.#held.get(name)
    return held && held.deadline > this.#now() ? held : undefined
  }

  #take(name: string): Held | undefined {
    const live = this.#live(name)
    this.#held.delete(name)
    return live
  }

  #put(name: string, value: unknown, timeout: number | null = 300): void {
    const deadline = timeout === null ? Number.POSITIVE_INFINITY : this.#now() + timeout * 1000
    this.#held.set(name, { value, deadline })
  }

  #count(name: string, delta: number, { initial, timeout }: Options): number {
    if (!this.#live(name)) {
      if (initial === undefined) throw new Refused('KEY_NOT_FOUND')
      this.#put(name, initial, timeout)
    }
    const { value, deadline } = this.#held.get(name) as Held
    if (typeof value !== 'number' || Object.is(value, -0)) throw new Refused('NOT_AN_INTEGER')
    const counted = value + delta
    if (Math.abs(counted) > Number.MAX_SAFE_INTEGER) throw new Refused('OUT_OF_RANGE')
    this.#held.set(name, { value: counted, deadline })
    return counted
  }

  #clear(prefix: string): void {
    for (const name of this.#held.keys()) {
      if (prefix === '' || JSON.parse(name)[0] === prefix) this.#held.delete(name)
    }
  }
}

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
  readonly timeout?: number | null
  readonly initial?: number
}

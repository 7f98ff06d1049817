import fc from 'fast-check'
import type { Call } from '../asking.ts'

/** What a client is to ask for, on a key that is yet to be chosen. */
export interface Draft {
  readonly kind: 'new' | 'own' | 'counter' | 'lock'
  /** For a key of its own. */
  readonly method: 'aset' | 'aadd' | 'apop' | 'adelete' | 'atouch'
  readonly timeout: number | null
  /** Chooses among keys. */
  readonly index: number
}

/** What a client asks for in one request: all at once. */
export const bursts: fc.Arbitrary<readonly Draft[]> = fc.array(
  fc.record<Draft>({
    kind: fc.constantFrom('new', 'own', 'own', 'counter', 'lock'),
    method: fc.constantFrom('aset', 'aset', 'aadd', 'apop', 'adelete', 'atouch'),
    timeout: fc.constantFrom(null, 86_400, 864_000),
    index: fc.nat(1_000_000),
  }),
  { minLength: 1, maxLength: 6 },
)

const COUNTERS = 4
/** Asked for so often, by several clients at once. */
const CONTENDERS = 4

/** Batcher drafts into calls: no two values are alike, and a key of its own is in no more than one call of a request. */
export class Client {
  /** Of all clients: how many locks were asked for. */
  static #locks = 0
  readonly #name: string
  readonly #keys: string[] = []
  #values = 0

  constructor(name: string) {
    this.#name = name
  }

  calls(drafts: readonly Draft[]): readonly Call[] {
    const taken = new Set<string>()
    return drafts.flatMap((draft) => this.#call(draft, taken) ?? [])
  }

  #call({ kind, method, timeout, index }: Draft, taken: Set<string>): Call | undefined {
    if (kind === 'counter') {
      return { method: 'aincr', args: [`counter-${index % COUNTERS}`, 1, { initial: 0, timeout: null }] }
    }
    if (kind === 'lock') {
      const lock = Math.floor(Client.#locks++ / CONTENDERS)
      return { method: 'aadd', args: [`lock-${lock}`, `${this.#name}/${this.#values++}`, { timeout }] }
    }
    const key = kind === 'new' ? this.#newKey() : this.#keys[index % this.#keys.length]
    if (key === undefined || taken.has(key)) return undefined
    taken.add(key)
    if (kind === 'new' || method === 'aset')
      return { method: 'aset', args: [key, this.#newValue(), { timeout }] }
    if (method === 'aadd') return { method, args: [key, this.#newValue(), { timeout }] }
    return { method, args: [key, method === 'atouch' ? { timeout } : {}] }
  }

  #newKey(): string {
    const key = `${this.#name}/${this.#keys.length}`
    this.#keys.push(key)
    return key
  }

  /** Of each format in which values are stored, a few bytes to some hundred kilobytes. */
  #newValue(): unknown {
    const number = this.#values++
    const text = `${this.#name}/${number} ${'x'.repeat(SIZES[number % SIZES.length] as number)}`
    const bytes = new TextEncoder().encode(text)
    const values = [
      number,
      { text, parts: [number, null] },
      bytes,
      bytes.buffer,
      new Map([[text, new Date(number)]]),
    ]
    return values[number % values.length]
  }
}

/** As many as have no common divisor with the number of formats. */
const SIZES: readonly number[] = [0, 10, 100, 10, 1_000, 10, 10_000, 10, 100, 10, 150_000]

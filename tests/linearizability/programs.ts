import fc from 'fast-check'
import type { Call, Method } from './history.ts'

/** The calls of each client, in order. */
export type Program = readonly (readonly Call[])[]

export interface ProgramOptions {
  readonly clients: number
  readonly calls: number
  readonly keys: number
  /** Default: all methods, with those that have winners and losers more often. */
  readonly methods?: readonly Method[]
}

const METHODS: readonly Method[] = [
  ...(['aget', 'aget', 'aset', 'aadd', 'aadd', 'aincr', 'aincr', 'aincr'] as const),
  ...(['adelete', 'apop', 'apop', 'alock', 'alock', 'release', 'release', 'release'] as const),
]

/** Random programs. All values and tokens differ, so each answer identifies its origin. */
export function programs({ clients, calls, keys, methods = METHODS }: ProgramOptions): fc.Arbitrary<Program> {
  const draft = fc.record({
    method: fc.constantFrom(...methods),
    key: fc.nat(keys - 1).map((key) => `k${key}`),
    initial: fc.constantFrom(null, 0),
  })
  const one = fc.array(draft, { minLength: calls, maxLength: calls })
  return fc
    .array(one, { minLength: clients, maxLength: clients })
    .map((drafts) => drafts.map((own, client) => written(own, client)))
}

interface Draft {
  readonly method: Method
  readonly key: string
  readonly initial: number | null
}

function written(drafts: readonly Draft[], client: number): Call[] {
  const tokens = new Map<string, number>()
  return drafts.map(({ method, key, initial }, index): Call => {
    // Far enough apart that no increments lead from one to the next.
    const value = (client + 1) * 1_000_000 + index * 10_000
    const token = tokens.get(key)
    if (method === 'release' && token !== undefined) return { method, key, token }
    switch (method) {
      case 'aset':
      case 'aadd':
        return { method, key, value }
      case 'aincr':
        return { method, key, delta: 1, initial }
      case 'alock':
      case 'release':
        tokens.set(key, value)
        return { method: 'alock', key, token: value }
      default:
        return { method, key }
    }
  })
}

/** The same program on unused keys. */
export function onKeysOf(program: Program, name: string): Program {
  return program.map((calls) => calls.map((call) => ({ ...call, key: `${name}/${call.key}` })))
}

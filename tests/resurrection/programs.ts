import fc from 'fast-check'
import type { LoadPlan, Step } from './history.ts'

/** The steps of each client, and the process in which it runs. */
export type Program = readonly { readonly process: number; readonly steps: readonly Step[] }[]

const KEYS = ['k', 'l']
const TAGS = ['t', 'u']

const key = fc.constantFrom(...KEYS)
const tags = fc.subarray(TAGS)
const someTags = fc.subarray(TAGS, { minLength: 1 })

const load: fc.Arbitrary<LoadPlan> = fc.record({
  moments: fc.nat(3),
  end: fc.constantFrom('value', 'value', 'value', 'value', 'skip', 'undefined', 'error'),
  tags,
  isLate: fc.boolean(),
  window: fc.constantFrom(0, 0, 20),
})

const method = <M extends string>(name: M): fc.Arbitrary<M> => fc.constant(name)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ method: method('agetOrSet'), key, load }) },
  { weight: 1, arbitrary: fc.record({ method: method('aget'), key }) },
  { weight: 2, arbitrary: fc.record({ method: method('aset'), key, tags }) },
  { weight: 2, arbitrary: fc.record({ method: method('adelete'), key }) },
  { weight: 1, arbitrary: fc.record({ method: method('apop'), key }) },
  { weight: 1, arbitrary: fc.record({ method: method('aexpire'), key }) },
  { weight: 2, arbitrary: fc.record({ method: method('adeleteTags'), tags: someTags }) },
  { weight: 1, arbitrary: fc.record({ method: method('aexpireTags'), tags: someTags }) },
  { weight: 1, arbitrary: fc.record({ method: method('aclear') }) },
)
const advance: fc.Arbitrary<Step> = fc.record({
  method: method('advance'),
  seconds: fc.constantFrom(1, 10, 31),
})

export interface ProgramSize {
  readonly processes: number
  readonly clients: number
  readonly steps: number
  /** True if time may pass, where the clock is the tests'. */
  readonly advances?: boolean
}

export function programs({
  processes,
  clients,
  steps,
  advances = false,
}: ProgramSize): fc.Arbitrary<Program> {
  const one = advances ? fc.oneof({ weight: 10, arbitrary: step }, { weight: 1, arbitrary: advance }) : step
  const client = fc.record({
    process: fc.nat(processes - 1),
    steps: fc.array(one, { minLength: 1, maxLength: steps, size: 'max' }),
  })
  return fc.array(client, { minLength: 2, maxLength: clients, size: 'max' })
}

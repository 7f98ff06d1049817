import fc from 'fast-check'

/** One action of an isolate, or a passage of time. */
export type Step =
  | {
      readonly kind: 'set'
      readonly isolate: number
      readonly key: string
      readonly timeout: number | null
      readonly tags: readonly string[]
    }
  | {
      readonly kind: 'tag'
      readonly isolate: number
      readonly tag: string
      readonly invalidation: 'delete' | 'expire'
    }
  | { readonly kind: 'count'; readonly isolate: number; readonly key: string }
  | {
      readonly kind: 'touch'
      readonly isolate: number
      readonly key: string
      readonly timeout: number | null
    }
  | { readonly kind: 'delete'; readonly isolate: number; readonly key: string }
  | { readonly kind: 'read'; readonly isolate: number; readonly keys: readonly string[] }
  | { readonly kind: 'clear'; readonly isolate: number }
  | { readonly kind: 'pass'; readonly seconds: number }

/** Two isolates in each of three locations. */
export const ISOLATES = ['paris-1', 'paris-2', 'tokyo-1', 'tokyo-2', 'lima-1', 'lima-2'] as const

const isolate = fc.nat(ISOLATES.length - 1)
const key = fc.constantFrom('a', 'b')
const tag = fc.constantFrom('x', 'y')
const timeout = fc.constantFrom<(number | null)[]>(null, 30, 90, 300, 4_000)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      isolate,
      keys: fc.uniqueArray(key, { minLength: 1 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      isolate,
      key,
      timeout,
      tags: fc.uniqueArray(tag, { maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('tag' as const),
      isolate,
      tag,
      invalidation: fc.constantFrom('delete' as const, 'expire' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('count' as const), isolate, key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch' as const), isolate, key, timeout }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), isolate, key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), isolate }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      seconds: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(0.3, 1, 1.5, 5, 20, 31, 59, 61, 75) },
        { weight: 1, arbitrary: fc.constantFrom(130, 600, 3_700) },
      ),
    }),
  },
)

export const schedules: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 20, maxLength: 60 })

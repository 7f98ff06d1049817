import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change, Entry, Op } from './adapter.ts'
import { type Commit, decideBatch, keysToRead } from './batch.ts'
import { operationOf, step } from './operations.ts'

const NOW = 1_000

const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c')
const deadline = fc.option(fc.integer({ min: NOW - 2, max: NOW + 2 }), { nil: null })
const entry: fc.Arbitrary<Entry> = fc.record({
  value: fc.oneof(fc.nat(9), fc.constant('x')),
  expiresAt: deadline,
})
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ kind: fc.constantFrom('set' as const, 'add' as const), entry }),
  fc.record({ kind: fc.constant('touch' as const), expiresAt: deadline }),
  fc.record({ kind: fc.constant('incr' as const), delta: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ kind: fc.constant('incr' as const), delta: fc.integer({ min: -3, max: 3 }), initial: entry }),
  fc.record({ kind: fc.constantFrom('delete' as const, 'pop' as const) }),
  fc.record({ kind: fc.constant('release' as const), token: fc.nat(9) }),
  fc.record({ kind: fc.constant('move' as const), to: key }),
)
// The core never moves a key to itself.
const change: fc.Arbitrary<Change> = fc
  .record({ key, op })
  .filter((given) => given.op.kind !== 'move' || given.op.to !== given.key)
const place = fc.array(fc.tuple(key, entry)).map((entries) => new Map(entries))

/** The changes, split into the commits of two callers. */
const cut = (changes: readonly Change[], at: number): Commit[] => [
  { changes: changes.slice(0, at), now: NOW },
  { changes: changes.slice(at), now: NOW },
]

describe('decideBatch()', () => {
  it('gives the same result as the changes one by one, with only the keys of keysToRead()', () => {
    fc.assert(
      fc.property(place, fc.array(change, { maxLength: 8 }), fc.nat(8), (before, changes, at) => {
        const oneByOne = new Map(before)
        const expected = changes.map((given) => step(oneByOne, given.key, given.op, NOW))

        const needed = keysToRead([{ changes, now: NOW }])
        const read = new Map([...before].filter(([name]) => needed.includes(name)))
        const { outcomes, writes, uses } = decideBatch(read, cut(changes, at))
        const after = new Map(before)
        for (const [name, next] of writes) next === undefined ? after.delete(name) : after.set(name, next)

        expect(outcomes.flat()).toEqual(expected)
        expect(new Set(uses.keys())).toEqual(
          new Set([...writes].filter(([, next]) => next).map(([name]) => name)),
        )
        expect(after).toEqual(oneByOne)
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses entries that do not fit, one by one and in a batch', () => {
    fc.assert(
      fc.property(place, fc.array(change, { maxLength: 8 }), fc.nat(8), (before, changes, at) => {
        const fits = (name: string, { value }: Entry): boolean => name !== 'b' || value !== 'x'
        const stored = new Map([...before].filter(([name, entry]) => fits(name, entry)))
        const oneByOne = new Map(stored)
        const narrow = {
          get: (name: string) => oneByOne.get(name),
          set: (name: string, next: Entry) => fits(name, next) && oneByOne.set(name, next),
          delete: (name: string) => oneByOne.delete(name),
        }
        const expected = changes.map((given) => step(narrow, given.key, given.op, NOW))
        const { outcomes, writes } = decideBatch(stored, cut(changes, at), fits)
        for (const [name, next] of writes) next === undefined ? stored.delete(name) : stored.set(name, next)
        expect(outcomes.flat()).toEqual(expected)
        expect(stored).toEqual(oneByOne)
      }),
      { numRuns: 2_000 },
    )
  })

  it('writes a key once, however often it changed', () => {
    const changes: Change[] = Array.from({ length: 100 }, () => ({
      key: 'n',
      op: { kind: 'incr', delta: 1 },
    }))
    const commits = changes.map((one) => ({ changes: [one], now: NOW }))
    const { writes } = decideBatch(new Map([['n', { value: 0, expiresAt: null }]]), commits)
    expect([...writes]).toEqual([['n', { value: 100, expiresAt: null }]])
  })
})

const KINDS = ['set', 'incr', 'touch'] as const

describe('the uses of a batch', () => {
  const put = (name: string): Change => ({
    key: name,
    op: { kind: 'set', entry: { value: 1, expiresAt: null } },
  })
  const usesOf = (...changes: Change[]): unknown => {
    const { uses } = decideBatch(new Map([['old', { value: 1, expiresAt: null }]]), [{ changes, now: NOW }])
    return [...uses].map(([key, operation]) => [
      key,
      KINDS.find((kind) => operationOf({ kind }) === operation),
    ])
  }

  it('are in the order of last use, without removed keys', () => {
    const count: Change = { key: 'a', op: { kind: 'incr', delta: 1 } }
    const drop: Change = { key: 'b', op: { kind: 'delete' } }
    expect(usesOf(put('a'), put('b'), put('c'), count, drop)).toEqual([
      ['c', 'set'],
      ['a', 'incr'],
    ])
  })

  it('ignore touch, unless it is the only operation', () => {
    const touch = (name: string): Change => ({ key: name, op: { kind: 'touch', expiresAt: NOW + 5 } })
    expect(usesOf(put('a'), put('b'), touch('a'), touch('old'))).toEqual([
      ['a', 'set'],
      ['b', 'set'],
      ['old', 'touch'],
    ])
  })
})

describe('keysToRead()', () => {
  it('returns each key once, and none that is overwritten first', () => {
    const changes: Change[] = [
      { key: 'blind', op: { kind: 'set', entry: { value: 1, expiresAt: null } } },
      { key: 'blind', op: { kind: 'incr', delta: 1 } },
      { key: 'n', op: { kind: 'incr', delta: 1 } },
      { key: 'n', op: { kind: 'incr', delta: 1 } },
      { key: 'dead', op: { kind: 'set', entry: { value: 1, expiresAt: NOW } } },
    ]
    expect(keysToRead([{ changes, now: NOW }])).toEqual(['n', 'dead'])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change, Entry, Op } from './adapter.ts'
import { decideBatch, keysToRead } from './batch.ts'
import { step } from './decide.ts'

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
// The core never asks for a move to the same key: it would be no move.
const change: fc.Arbitrary<Change> = fc
  .record({ key, op })
  .filter((given) => given.op.kind !== 'move' || given.op.to !== given.key)
const place = fc.array(fc.tuple(key, entry)).map((entries) => new Map(entries))

describe('decideBatch()', () => {
  it('does what the changes would do one by one, having read no more than keysToRead() asks', () => {
    fc.assert(
      fc.property(place, fc.array(change, { maxLength: 8 }), (before, changes) => {
        const oneByOne = new Map(before)
        const expected = changes.map((given) => step(oneByOne, given.key, given.op, NOW))

        const needed = keysToRead(changes, NOW)
        const read = new Map([...before].filter(([name]) => needed.includes(name)))
        const { outcomes, writes } = decideBatch(read, changes, NOW)
        const after = new Map(before)
        for (const [name, next] of writes) next === undefined ? after.delete(name) : after.set(name, next)

        expect(outcomes).toEqual(expected)
        expect(after).toEqual(oneByOne)
      }),
      { numRuns: 2_000 },
    )
  })

  it('writes a key once, however often it changed', () => {
    const changes: Change[] = Array.from({ length: 100 }, () => ({
      key: 'n',
      op: { kind: 'incr', delta: 1 },
    }))
    const { writes } = decideBatch(new Map([['n', { value: 0, expiresAt: null }]]), changes, NOW)
    expect([...writes]).toEqual([['n', { value: 100, expiresAt: null }]])
  })
})

describe('keysToRead()', () => {
  it('asks for each key once, and for none that is overwritten first', () => {
    const changes: Change[] = [
      { key: 'blind', op: { kind: 'set', entry: { value: 1, expiresAt: null } } },
      { key: 'blind', op: { kind: 'incr', delta: 1 } },
      { key: 'n', op: { kind: 'incr', delta: 1 } },
      { key: 'n', op: { kind: 'incr', delta: 1 } },
      { key: 'dead', op: { kind: 'set', entry: { value: 1, expiresAt: NOW } } },
    ]
    expect(keysToRead(changes, NOW)).toEqual(['n', 'dead'])
  })
})

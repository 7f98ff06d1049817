import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, Op } from './adapter.ts'
import { decide, isCounter, isLive, step } from './operations.ts'

const NOW = 1_000

const deadline = fc.option(fc.integer({ min: NOW - 5, max: NOW + 5 }), { nil: null })
const value = fc.oneof(
  fc.integer(),
  fc.constant(Number.MAX_SAFE_INTEGER),
  fc.constant(-0),
  fc.string(),
  fc.constant(null),
)
const entry: fc.Arbitrary<Entry> = fc.record({ value, expiresAt: deadline })
const stored = fc.option(entry, { nil: undefined })
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), entry }),
  fc.record({ kind: fc.constant('add' as const), entry }),
  fc.record({ kind: fc.constant('touch' as const), expiresAt: deadline }),
  fc.record({ kind: fc.constant('incr' as const), delta: fc.maxSafeInteger() }),
  fc.record({ kind: fc.constantFrom('delete' as const, 'pop' as const) }),
  fc.record({ kind: fc.constant('release' as const), token: fc.nat(9) }),
  fc.record({ kind: fc.constant('move' as const), to: fc.string() }),
)

describe('isLive()', () => {
  it('is false at the deadline, true before it, and always true without one', () => {
    expect(isLive({ value: 1, expiresAt: NOW }, NOW)).toBe(false)
    expect(isLive({ value: 1, expiresAt: NOW + 1 }, NOW)).toBe(true)
    expect(isLive({ value: 1, expiresAt: null }, Number.MAX_SAFE_INTEGER)).toBe(true)
    expect(isLive(undefined, NOW)).toBe(false)
  })
})

describe('isCounter()', () => {
  it('accepts safe integers and nothing else', () => {
    for (const integer of [0, 1, -1, Number.MAX_SAFE_INTEGER]) expect(isCounter(integer)).toBe(true)
    for (const other of [-0, 0.5, 2 ** 53, Number.NaN, '1', true, null, 1n, undefined]) {
      expect(isCounter(other)).toBe(false)
    }
  })
})

describe('decide()', () => {
  it('never stores an expired entry, and does not change its arguments', () => {
    fc.assert(
      fc.property(stored, op, (before, operation) => {
        const copy = structuredClone(before)
        const [next] = decide(before, operation, NOW)
        expect(before).toEqual(copy)
        if (next !== before) expect(next === undefined || isLive(next, NOW)).toBe(true)
      }),
    )
  })

  it('returns the stored entry itself when it refuses a live one', () => {
    fc.assert(
      fc.property(stored, op, (before, operation) => {
        const [next, outcome] = decide(before, operation, NOW)
        if (!outcome.ok && isLive(before, NOW)) expect(next).toBe(before)
      }),
    )
  })

  it('treats expired entries as missing', () => {
    fc.assert(
      fc.property(entry, op, (some, operation) => {
        const [next, outcome] = decide({ ...some, expiresAt: NOW }, operation, NOW)
        const [nextOfNothing, outcomeOfNothing] = decide(undefined, operation, NOW)
        expect(outcome).toEqual(outcomeOfNothing)
        expect(isLive(next, NOW) ? next : undefined).toEqual(nextOfNothing)
      }),
    )
  })

  it('always stores with set, and with add only if no live entry exists', () => {
    fc.assert(
      fc.property(stored, entry, (before, given) => {
        const kept = isLive(given, NOW) ? given : undefined
        expect(decide(before, { kind: 'set', entry: given }, NOW)).toEqual([kept, { ok: true }])
        const added = decide(before, { kind: 'add', entry: given }, NOW)
        expect(added).toEqual(
          isLive(before, NOW) ? [before, { ok: false, reason: 'exists' }] : [kept, { ok: true }],
        )
      }),
    )
  })

  it('changes only the deadline with touch', () => {
    fc.assert(
      fc.property(stored, deadline, (before, expiresAt) => {
        const [next, outcome] = decide(before, { kind: 'touch', expiresAt }, NOW)
        expect(outcome.ok).toBe(isLive(before, NOW))
        if (outcome.ok && next !== undefined) expect(next).toEqual({ value: before?.value, expiresAt })
      }),
    )
  })

  it('counts exactly or not at all, and keeps the deadline', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), deadline, (start, delta, expiresAt) => {
        const before = { value: start, expiresAt }
        const [next, outcome] = decide(before, { kind: 'incr', delta }, NOW)
        if (!isLive(before, NOW)) expect(outcome).toEqual({ ok: false, reason: 'missing' })
        else if (Number.isSafeInteger(start + delta)) {
          expect(outcome).toEqual({ ok: true, value: start + delta, expiresAt })
          expect(BigInt(start + delta)).toBe(BigInt(start) + BigInt(delta))
          expect(next).toEqual({ value: start + delta, expiresAt })
        } else expect(outcome).toEqual({ ok: false, reason: 'out-of-range' })
      }),
    )
  })

  it('refuses to increment anything but a safe integer', () => {
    for (const text of ['1', null, true, 1.5, -0, 2 ** 53, [1], 1n]) {
      const before = { value: text, expiresAt: null }
      const refusal = { ok: false, reason: 'not-an-integer' }
      expect(decide(before, { kind: 'incr', delta: 1 }, NOW)).toEqual([before, refusal])
    }
  })

  it('counts from the initial entry only if no live entry exists', () => {
    fc.assert(
      fc.property(stored, fc.integer(), fc.integer(), deadline, (before, start, delta, expiresAt) => {
        const initial = { value: start, expiresAt }
        const [next, outcome] = decide(before, { kind: 'incr', delta, initial }, NOW)
        const from = isLive(before, NOW) ? before : initial
        expect([next, outcome]).toEqual(
          from === initial && !isLive(initial, NOW)
            ? [undefined, { ok: true, value: start + delta, expiresAt }]
            : decide(from, { kind: 'incr', delta }, NOW),
        )
      }),
    )
  })

  it('pops the live entry itself', () => {
    fc.assert(
      fc.property(stored, (before) => {
        const expected = isLive(before, NOW)
          ? [undefined, { ok: true, entry: before }]
          : [before, { ok: false, reason: 'missing' }]
        expect(decide(before, { kind: 'pop' }, NOW)).toEqual(expected)
      }),
    )
  })

  it('releases its own token and no other', () => {
    const held = { value: 7, expiresAt: NOW + 1 }
    const missing = { ok: false, reason: 'missing' }
    expect(decide(held, { kind: 'release', token: 7 }, NOW)).toEqual([undefined, { ok: true }])
    expect(decide(held, { kind: 'release', token: 8 }, NOW)).toEqual([held, missing])
    expect(decide({ ...held, value: '7' }, { kind: 'release', token: 7 }, NOW)[1]).toEqual(missing)
    expect(decide(held, { kind: 'release', token: 7 }, NOW + 1)).toEqual([held, missing])
  })

  it('reports for delete and move whether a live entry existed', () => {
    fc.assert(
      fc.property(stored, (before) => {
        const expected = isLive(before, NOW) ? { ok: true } : { ok: false, reason: 'missing' }
        expect(decide(before, { kind: 'delete' }, NOW)).toEqual([undefined, expected])
        expect(decide(before, { kind: 'move', to: 'x' }, NOW)[1]).toEqual(expected)
      }),
    )
  })
})

describe('step()', () => {
  it('has the effect that decide() describes, also on its fast path', () => {
    fc.assert(
      fc.property(stored, op, (before, operation) => {
        const place = new Map(before === undefined ? [] : [['key', before]])
        const [next, outcome] = decide(before, operation, NOW)
        expect(step(place, 'key', operation, NOW)).toEqual(outcome)
        const moved = operation.kind === 'move' && outcome.ok
        const expected = new Map(next === undefined ? [] : [['key', next]])
        if (moved && before !== undefined) expected.set(operation.to, before)
        expect(place).toEqual(expected)
      }),
    )
  })

  it('removes the old entry and changes nothing else if the place cannot hold the new one', () => {
    fc.assert(
      fc.property(stored, op, (before, operation) => {
        const place = new (class extends Map<string, Entry> {
          // Full, except for existing keys.
          override set(key: string, next: Entry): never {
            return (key === 'key' && next === before ? super.set(key, next) : false) as never
          }
        })()
        if (before !== undefined) place.set('key', before)
        const [next, outcome] = decide(before, operation, NOW)
        const writes =
          operation.kind === 'move' ? outcome.ok && operation.to !== 'key' : next !== before && next
        const answer = step(place, 'key', operation, NOW)
        expect(answer).toEqual(writes ? { ok: false, reason: 'too-large' } : outcome)
        const left = writes ? (operation.kind === 'set' ? undefined : before) : moved(operation, before, next)
        expect([...place]).toEqual(left === undefined ? [] : [['key', left]])
      }),
    )
  })
})

/** The entries afterwards. A move to the same key leaves the entry. */
function moved(op: Op, before: Entry | undefined, next: Entry | undefined): Entry | undefined {
  return op.kind === 'move' && op.to === 'key' ? before : next
}

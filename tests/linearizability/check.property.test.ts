import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findViolation } from './check.ts'
import type { Operation } from './history.ts'
import { programs } from './programs.ts'
import { type Candidate, search } from './search.ts'
import { emptyState, step } from './specification.ts'

/**
 * A sequential history with overlapping intervals. Each operation takes effect at its own moment, between an
 * invocation and a return at random distances. So the true order explains the history.
 */
function histories(longest: number): fc.Arbitrary<Operation[]> {
  const distance = fc.double({ min: 0.1, max: 6, noNaN: true })
  return fc
    .tuple(
      programs({ clients: longest, calls: 1, keys: 1 }),
      fc.array(fc.tuple(distance, distance), { minLength: longest, maxLength: longest }),
      fc.integer({ min: 1, max: longest }),
    )
    .map(([program, distances, length]) => {
      let state = emptyState()
      return program.slice(0, length).flatMap((calls, moment) =>
        calls.map((call) => {
          const { answer, after } = step(state, call)
          state = after
          const [before, later] = distances[moment] as [number, number]
          return { client: moment, call, result: answer, invoked: moment - before, returned: moment + later }
        }),
      )
    })
}

/** Linearizability by its definition. */
function hasOrder(operations: readonly Candidate[], state = emptyState()): boolean {
  return (
    operations.every(({ open }) => open) ||
    operations.some((operation) => {
      const others = operations.filter((other) => other !== operation)
      const { answer, after } = step(state, operation.call)
      return (
        others.every((other) => other.open || other.returned > operation.invoked) &&
        (operation.open || answer === operation.result) &&
        hasOrder(others, after)
      )
    })
  )
}

/** Long enough for a busy machine. */
const TIMEOUT = 120_000

it('accepts a sequential history, however the intervals overlap', { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(histories(30), (history) => {
      expect(findViolation(history)).toBeUndefined()
    }),
  )
})

it('finds a valid order', { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(histories(12), (history) => {
      const order = search(history) as Operation[]
      let state = emptyState()
      for (const [place, { call, result, invoked }] of order.entries()) {
        const { answer, after } = step(state, call)
        expect(answer).toBe(result)
        expect(order.slice(place + 1).every(({ returned }) => returned > invoked)).toBe(true)
        state = after
      }
      expect(order).toHaveLength(history.length)
    }),
  )
})

it('finds an order exactly if there is one, with changed answers and open operations', {
  timeout: TIMEOUT,
}, () => {
  const changes = fc.record({
    place: fc.nat(5),
    from: fc.nat(5),
    opened: fc.array(fc.nat(5), { maxLength: 3 }),
  })
  const found = { orders: 0, violations: 0 }
  fc.assert(
    fc.property(histories(6), changes, (operations, { place, from, opened }) => {
      const changed = operations.map((operation, index): Candidate => {
        const source = operations[from % operations.length] as Operation
        const result = index === place % operations.length ? other(operation, source) : operation.result
        return { ...operation, result, open: opened.includes(index) }
      })
      const sorted = changed.sort((a, b) => a.invoked - b.invoked)
      const exists = hasOrder(sorted)
      expect(search(sorted) !== undefined).toBe(exists)
      found[exists ? 'orders' : 'violations'] += 1
    }),
    { numRuns: 1_000 },
  )
  expect(Math.min(found.orders, found.violations)).toBeGreaterThan(50)
})

/** Another possible answer of the method. */
function other({ call, result }: Operation, source: Operation): string {
  if (result === 'true') return 'false'
  if (result === 'false') return 'true'
  if (call.method === 'aset') return '1'
  return source.result === result ? 'undefined' : source.result
}

it('rejects a value that was never written', { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(histories(20), fc.nat(19), (history, place) => {
      const read: Operation = {
        client: -1,
        call: { method: 'aget', key: 'k0' },
        result: '-7',
        invoked: place,
        returned: place + 5,
      }
      expect(findViolation([...history, read])?.culprits).toContainEqual(read)
    }),
  )
})

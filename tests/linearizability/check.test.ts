import { describe, expect, it } from 'vitest'
import { assertLinearizable, explain, findViolation } from './check.ts'
import type { Call, Operation } from './history.ts'

/** An operation of its own client, on the key `k`. */
function operation(call: Unkeyed, result: unknown, invoked: number, returned: number): Operation {
  const answer = typeof result === 'string' ? result : (JSON.stringify(result) ?? 'undefined')
  return { client: invoked, call: { ...call, key: 'k' } as Call, result: answer, invoked, returned }
}

type Unkeyed = Record<string, unknown> & { readonly method: Call['method'] }

const set = (value: number): Unkeyed => ({ method: 'aset', value })
const add = (value: number): Unkeyed => ({ method: 'aadd', value })
const incr = (initial: number | null = null): Unkeyed => ({ method: 'aincr', delta: 1, initial })
const lock = (token: number): Unkeyed => ({ method: 'alock', token })
const release = (token: number): Unkeyed => ({ method: 'release', token })
const get: Unkeyed = { method: 'aget' }
const pop: Unkeyed = { method: 'apop' }
const remove: Unkeyed = { method: 'adelete' }
const done = undefined

describe('a linearizable history', () => {
  const good: Record<string, Operation[]> = {
    'of nothing': [],
    'of one client': [
      operation(set(1), done, 0, 1),
      operation(incr(), 2, 1, 2),
      operation(pop, 2, 2, 3),
      operation(incr(), 'KEY_NOT_FOUND', 3, 4),
      operation(incr(0), 1, 4, 5),
      operation(remove, true, 5, 6),
      operation(remove, false, 6, 7),
    ],
    'of two increments at once, answered the other way round': [
      operation(set(0), done, 0, 1),
      operation(incr(), 2, 2, 5),
      operation(incr(), 1, 3, 4),
    ],
    'of a read beside a write that sees it, and one that does not': [
      operation(set(1), done, 0, 9),
      operation(get, undefined, 1, 2),
      operation(get, 1, 3, 4),
    ],
    'of adders of whom the last to come wins': [
      operation(add(1), false, 0, 5),
      operation(add(2), false, 1, 4),
      operation(add(3), true, 2, 3),
    ],
    'of a lock handed on': [
      operation(lock(1), true, 0, 1),
      operation(lock(2), false, 1, 3),
      operation(release(1), true, 2, 5),
      operation(lock(3), true, 4, 6),
      operation(release(1), false, 6, 7),
    ],
    'of a lock that others count on, as it is a number in the store': [
      operation(lock(10), true, 0, 1),
      operation(incr(), 11, 1, 2),
      operation(release(10), false, 2, 3),
      operation(get, 11, 3, 4),
    ],
  }

  it.each(Object.entries(good))('is accepted: %s', (_, history) => {
    expect(findViolation(history)).toBeUndefined()
  })
})

describe('a history that is not linearizable', () => {
  /** With the indices of the operations that contradict each other. */
  const bad: Record<string, [Operation[], number[]]> = {
    'a lost increment': [
      [operation(set(0), done, 0, 1), operation(incr(), 1, 2, 5), operation(incr(), 1, 3, 4)],
      [1, 2],
    ],
    'two winners of an add': [
      [
        operation(add(1), true, 0, 3),
        operation(add(2), true, 1, 4),
        operation(get, 2, 5, 6),
        operation(get, 2, 6, 7),
      ],
      [0, 1],
    ],
    'the same value popped twice': [
      [operation(set(7), done, 0, 1), operation(pop, 7, 2, 5), operation(pop, 7, 3, 4)],
      [1, 2],
    ],
    'a stale read after an acknowledged write': [
      [operation(set(1), done, 0, 1), operation(set(2), done, 1, 2), operation(get, 1, 3, 4)],
      [0, 1, 2],
    ],
    'two reads that disagree about the order of two writes': [
      [
        operation(set(1), done, 0, 5),
        operation(set(2), done, 1, 6),
        operation(get, 1, 7, 8),
        operation(get, 2, 9, 10),
      ],
      [1, 2, 3],
    ],
    'a lock held by two': [
      [operation(lock(1), true, 0, 2), operation(lock(2), true, 1, 3)],
      [0, 1],
    ],
    'a lock let go of twice': [
      [operation(lock(1), true, 0, 1), operation(release(1), true, 1, 4), operation(release(1), true, 2, 3)],
      [1, 2],
    ],
    'a value from nowhere': [[operation(set(1), done, 0, 1), operation(get, 3, 1, 2)], [1]],
    'a delete of what was never there': [[operation(remove, true, 0, 1)], [0]],
  }

  it.each(Object.entries(bad))(
    'is rejected, with the operations that contradict each other: %s',
    (_, [history, culprits]) => {
      const violation = findViolation(history)
      expect(violation?.culprits).toEqual(culprits.map((index) => history[index]))
    },
  )

  it('is rejected from the first contradicting return on, key by key', () => {
    const history = [operation(incr(0), 1, 0, 2), operation(incr(0), 1, 1, 3), operation(get, 5, 4, 5)]
    const other: Operation = {
      client: 0,
      call: { method: 'aget', key: 'x' },
      result: 'undefined',
      invoked: 0,
      returned: 9,
    }
    const violation = findViolation([other, ...history])
    expect(violation && explain(violation).split('\n')).toEqual([
      'Not linearizable: no order of these operations on "k" gives their answers, whatever the others did',
      '  [0, 2] client 0: aincr("k", 1, 0) → 1',
      '  [1, 3] client 1: aincr("k", 1, 0) → 1',
      '  All that had returned by then',
      '  [0, 2] client 0: aincr("k", 1, 0) → 1',
      '  [1, 3] client 1: aincr("k", 1, 0) → 1',
    ])
    expect(() => assertLinearizable(history)).toThrow('Not linearizable')
    expect(() => assertLinearizable([other])).not.toThrow()
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import { assertLinearizable, findViolation } from './check.ts'
import type { Call, Operation } from './history.ts'
import { faithful, naive, type Perform } from './perform.ts'
import { type Program, programs } from './programs.ts'
import { record, sharedClock } from './record.ts'

const busy = programs({ clients: 5, calls: 8, keys: 2 })

async function historyOf(program: Program, perform: Perform): Promise<Operation[]> {
  const nextMoment = sharedClock(program.length)
  const recorded = program.map((calls, client) => record(client, calls, perform, nextMoment))
  return (await Promise.all(recorded)).flat()
}

it('accepts the memory adapter', async () => {
  await fc.assert(
    fc.asyncProperty(busy, async (program) => {
      assertLinearizable(await historyOf(program, faithful(memoryAdapter())))
    }),
  )
})

it('accepts separate reads and writes of a single client', async () => {
  await fc.assert(
    fc.asyncProperty(programs({ clients: 1, calls: 30, keys: 1 }), async (program) => {
      assertLinearizable(await historyOf(program, naive(memoryAdapter())))
    }),
  )
})

it.each<[string, Call]>([
  ['lose an increment', { method: 'aincr', key: 'k', delta: 1, initial: 0 }],
  ['let two adders win', { method: 'aadd', key: 'k', value: 1 }],
  ['give a lock to two', { method: 'alock', key: 'k', token: 1 }],
])('rejects separate reads and writes: they %s', async (_, call) => {
  const history = await historyOf([[call], [call]], naive(memoryAdapter()))
  expect(findViolation(history)?.culprits).toEqual(history)
})

it('rejects separate reads and writes that return a value to two callers of pop', async () => {
  const perform = naive(memoryAdapter())
  const pop: Call = { method: 'apop', key: 'k' }
  const history = await historyOf(
    [
      [{ method: 'aset', key: 'k', value: 1 }, pop],
      [pop, pop],
    ],
    perform,
  )
  expect(findViolation(history)).toBeDefined()
})

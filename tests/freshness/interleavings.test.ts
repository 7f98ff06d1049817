import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../model/runs.ts'
import { findResurrection } from '../resurrection/check.ts'
import { programs } from '../resurrection/programs.ts'
import {
  blindReads,
  forgetfulTags,
  type Processes,
  run,
  separate,
  together,
  unconditionalFill,
} from './interleavings.ts'

const SIZE = { processes: 3, clients: 5, steps: 5, advances: true }

function noResurrection(open: () => Processes) {
  return fc.asyncProperty(programs(SIZE), fc.scheduler(), async (program, scheduler) => {
    const history = await run(program, open(), scheduler)
    const found = findResurrection(history)
    if (found !== undefined) throw new Error(found)
  })
}

describe('in every interleaving of loads, writes and invalidations, no value comes back', () => {
  it.each<[string, () => Processes]>([
    ['in three processes', () => separate()],
    ['in one process', together],
  ])('%s', { timeout: 3_600_000 }, async (_, open) => {
    await fc.assert(noResurrection(open), { numRuns: runs(500) })
  })

  it.each([
    ['stores what is loaded, whatever has happened since', unconditionalFill],
    ['forgets the loads in flight when it invalidates tags', forgetfulTags],
    ['does not show the core which claims have ended', blindReads],
  ])('finds out an adapter that %s', async (_, overrides) => {
    const { failed, counterexample } = await fc.check(
      noResurrection(() => separate(overrides)),
      { numRuns: 5_000, seed: 12, endOnFailure: true },
    )
    expect(failed).toBe(true)
    expect(counterexample).not.toBeNull()
  })
})

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertLinearizable, findViolation } from '../tests/linearizability/check.ts'
import type { Method } from '../tests/linearizability/history.ts'
import { onKeysOf, type Program, programs } from '../tests/linearizability/programs.ts'
import type { Manner } from './browser/recorded-tab.ts'
import { type Place, threeTabs, twoWorkers } from './recorded-places.ts'

const SIZE = { clients: 5, calls: 8 }

/** Some ten seconds where nothing else runs. */
const GENEROUS = 300_000

describe.each([
  { name: 'three tabs on one IndexedDB', open: threeTabs },
  { name: 'two Workers on one namespace', open: twoWorkers },
])('$name', ({ open }) => {
  let place: Place
  let histories = 0

  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place?.[Symbol.asyncDispose]())

  function recordNew(program: Program, manner: Manner) {
    histories += 1
    return place.record(onKeysOf(program, `history-${histories}`), manner)
  }

  it('gives the answers that some order of the calls gives, in 100 random histories', {
    timeout: GENEROUS,
  }, async () => {
    const property = fc.asyncProperty(programs({ ...SIZE, keys: 2 }), async (program) => {
      assertLinearizable(await recordNew(program, 'faithful'))
    })
    // The same program may well go another way the next time: there is nothing to shrink.
    await fc.assert(property, { numRuns: 100, endOnFailure: true })
  })

  it.each<{ methods: Method[] }>([
    { methods: ['aincr'] },
    { methods: ['aadd', 'adelete'] },
    { methods: ['aset', 'apop'] },
    { methods: ['alock', 'release'] },
  ])('finds out a client that reads and then writes instead of $methods', async ({ methods }) => {
    for (const program of fc.sample(programs({ ...SIZE, keys: 1, methods }), { numRuns: 100, seed: 1 })) {
      const violation = findViolation(await recordNew(program, 'naive'))
      if (violation !== undefined) return
    }
    expect.unreachable('no violation seen')
  })
})

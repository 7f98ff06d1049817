import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findResurrection } from '../tests/resurrection/check.ts'
import type { History } from '../tests/resurrection/history.ts'
import { type Program, programs } from '../tests/resurrection/programs.ts'
import { joined } from '../tests/resurrection/record.ts'
import type { Manner } from './browser/freshness-tab.ts'
import { openTabs, type Profile } from './browser/open-tabs.ts'

const SIZE = { processes: 4, clients: 8, steps: 6 }

/** Some ten seconds where nothing else runs. */
const GENEROUS = 300_000

describe('in four tabs', () => {
  let browser: Profile
  let histories = 0
  let moment = 0

  beforeAll(async () => {
    browser = await openTabs(0, { script: 'freshness-tab.ts' })
    await browser.context.exposeFunction('nextMoment', () => {
      moment += 1
      return moment
    })
    for (let opened = 0; opened < SIZE.processes; opened += 1) browser.tabs.push(await browser.openTab())
  })
  afterAll(() => browser?.[Symbol.asyncDispose]())

  /** Each history has keys of its own. */
  async function record(program: Program, manner: Manner): Promise<History> {
    histories += 1
    const clients = program.map(({ process, steps }, client) => ({ client, process, steps }))
    const recorded = browser.tabs.map((tab, index) => {
      const mine = clients.filter(({ process }) => process === index)
      return tab.evaluate(([own, prefix, how]) => freshness.record(own, prefix, how), [
        mine,
        `history-${histories}`,
        manner,
      ] as const)
    })
    return joined(await Promise.all(recorded))
  }

  it('no value comes back in 100 random histories of loads, writes and invalidations', {
    timeout: GENEROUS,
  }, async () => {
    let reads = 0
    const property = fc.asyncProperty(programs(SIZE), async (program) => {
      const history = await record(program, 'faithful')
      reads += history.reads.filter(({ value }) => value !== undefined).length
      expect(findResurrection(history)).toBeUndefined()
    })
    // The same program may well go another way the next time: there is nothing to shrink.
    await fc.assert(property, { numRuns: 100, endOnFailure: true })
    console.log(`${reads} reads returned a value`)
    expect(reads).toBeGreaterThan(100)
  })

  it('finds out an adapter that stores what is loaded, whatever has happened since', {
    timeout: GENEROUS,
  }, async () => {
    for (const program of fc.sample(programs(SIZE), { numRuns: 300, seed: 1 })) {
      const found = findResurrection(await record(program, 'broken'))
      if (found !== undefined) return
    }
    expect.unreachable('no resurrection seen')
  })
})

import { describe, it } from 'vitest'
import { invalidation } from './ecosystem/invalidation.ts'
import { singleFlight } from './ecosystem/single-flight.ts'
import { stale } from './ecosystem/stale.ts'
import { values } from './ecosystem/values.ts'
import { oneProcess, severalProcesses } from './ecosystem/world.ts'

/**
 * Public bug reports and wishes of other libraries, each with a test of what happens here. A report is
 * `library#issue` on GitHub.
 */
const tables = { 'single flight': singleFlight, stale, invalidation, values }

describe.each(Object.entries(tables))('%s', (_, rows) => {
  for (const { reports, title, only, run } of rows) {
    const name = `${title} (${reports.join(', ')})`
    if (only === undefined) it(`in memory: ${name}`, () => run(oneProcess()))
    it(`in several processes: ${name}`, () => run(severalProcesses()))
  }
})

import type { Call, Operation } from '../tests/linearizability/history.ts'
import type { Program } from '../tests/linearizability/programs.ts'
import { type NextMoment, record, sharedClock } from '../tests/linearizability/record.ts'
import { openTabs } from './browser/open-tabs.ts'
import type { Manner } from './browser/recorded-tab.ts'
import { startWorkers, WORKERS } from './start-workers.ts'

/** Where a program can be run, all its clients at once. */
export interface Place extends AsyncDisposable {
  record(program: Program, manner: Manner): Promise<Operation[]>
}

/** The clients share three tabs. The clock is here, in the one process that all of them can ask. */
export async function threeTabs(): Promise<Place> {
  const browser = await openTabs(3, { script: 'recorded-tab.ts' })
  const { tabs } = browser
  let clock: NextMoment = () => 0
  for (const tab of tabs) await tab.exposeFunction('nextMoment', () => clock())
  return {
    record: async (program, manner) => {
      clock = sharedClock(program.length)
      const clients = program.map((calls, client) => ({ client, calls }))
      const recorded = tabs.map((tab, index) => {
        const own = clients.filter(({ client }) => client % tabs.length === index)
        return tab.evaluate(([mine, how]) => recordAll(mine, how), [own, manner] as const)
      })
      return (await Promise.all(recorded)).flat()
    },
    [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose](),
  }
}

/** The clients are requests, every other one to the other Worker. */
export async function twoWorkers(): Promise<Place> {
  const workerd = await startWorkers('recorded.worker.ts')
  const workers = await Promise.all(WORKERS.map((name) => workerd.getWorker(name)))
  return {
    record: async (program, manner) => {
      const clock = sharedClock(program.length)
      const recorded = program.map((calls, client) => {
        const worker = workers[client % workers.length]
        const perform = async (call: Call): Promise<string> => {
          const request = { method: 'POST', body: JSON.stringify(call) }
          const response = await worker?.fetch(`http://worker/${manner}`, request)
          if (!response?.ok) throw new Error(`The Worker failed: ${await response?.text()}`)
          return response.text()
        }
        return record(client, calls, perform, clock)
      })
      return (await Promise.all(recorded)).flat()
    },
    [Symbol.asyncDispose]: () => workerd.dispose(),
  }
}

import { indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import type { Call, Operation } from '../../tests/linearizability/history.ts'
import { faithful, naive } from '../../tests/linearizability/perform.ts'
import { type NextMoment, record } from '../../tests/linearizability/record.ts'

export interface Client {
  readonly client: number
  readonly calls: readonly Call[]
}

const adapter = indexedDBAdapter({ name: 'recorded' })
const performers = { faithful: faithful(adapter), naive: naive(adapter) }

export type Manner = keyof typeof performers

declare global {
  /** Put there by the test, which has the clock of all tabs. */
  var nextMoment: NextMoment
  /** Lets clients run side by side in this tab, and gives what they recorded. */
  var recordAll: (clients: readonly Client[], manner: Manner) => Promise<Operation[]>
}

globalThis.recordAll = async (clients, manner) => {
  const recorded = clients.map(({ client, calls }) => record(client, calls, performers[manner], nextMoment))
  return (await Promise.all(recorded)).flat()
}

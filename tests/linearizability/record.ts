import type { Call, Operation } from './history.ts'

/** Returns the next value of the clock that all clients of a history share. */
export type NextMoment = () => number | Promise<number>

/** Makes the calls one after another and records their answers. */
export async function record(
  client: number,
  calls: readonly Call[],
  perform: (call: Call) => Promise<string>,
  nextMoment: NextMoment,
): Promise<Operation[]> {
  const operations: Operation[] = []
  const taken = new Set<number>()
  let invoked = await nextMoment()
  for (const call of calls) {
    if (call.method === 'release' && !taken.has(call.token)) continue
    const result = await perform(call)
    const returned = await nextMoment()
    operations.push({ client, call, result, invoked, returned })
    if (call.method === 'alock' && result === 'true') taken.add(call.token)
    // One clock value ends this call and starts the next, since nothing happens in between.
    invoked = returned
  }
  return operations
}

/** A clock of integers. It starts when all clients have requested their first value, so they begin together. */
export function sharedClock(clients: number): () => Promise<number> {
  const { promise: all, resolve } = Promise.withResolvers<void>()
  let asked = 0
  let moment = 0
  return async () => {
    asked += 1
    if (asked === clients) resolve()
    await all
    moment += 1
    return moment
  }
}

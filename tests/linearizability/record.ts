import type { Call, Operation } from './history.ts'

/** Gives the next moment of the clock that all clients of a history share. */
export type NextMoment = () => number | Promise<number>

/** Makes the calls one after another and writes down what came of them. */
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
    // One moment ends this call and begins the next: nothing happens in between.
    invoked = returned
  }
  return operations
}

/** A clock of whole numbers that starts when all clients have asked for their first: they begin together. */
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

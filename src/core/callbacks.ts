import { describeType } from './expiry.ts'
import { isThenable } from './snapshot.ts'

/**
 * A user's callback that can fail without changing the answer of the call that it hears of. What it throws, or what its
 * promise rejects with, goes to `console.error`, and `otherwise` stands for its answer.
 */
export function guarded<Event, Answer>(
  name: string,
  callback: (event: Event) => Answer,
  otherwise: Answer,
): (event: Event) => Answer {
  const report = (thrown: unknown): void => console.error(`nearcache: ${name} failed`, thrown)
  return (event) => {
    try {
      const answer = callback(event)
      // An async function stands where a plain one is asked for: nobody else listens to its promise.
      if (isThenable(answer)) answer.then(undefined, report)
      return answer
    } catch (thrown) {
      report(thrown)
      return otherwise
    }
  }
}

/** What a broken `clock` causes. Not the adapter's failure, even if the adapter is the one to ask for the time. */
export class ClockError extends TypeError {}

/** A user's clock that throws a `TypeError` instead of giving a time with which every deadline would be wrong. */
export function checkedClock(clock: () => number): () => number {
  return () => {
    const now: unknown = readClock(clock)
    if (typeof now === 'number' && Number.isFinite(now)) return now
    throw new ClockError(`clock must give the time in epoch milliseconds: got ${describeType(now)}`)
  }
}

function readClock(clock: () => unknown): unknown {
  try {
    return clock()
  } catch (cause) {
    throw new ClockError('clock must give the time in epoch milliseconds: it threw an error, see cause', {
      cause,
    })
  }
}

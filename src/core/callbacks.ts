import { describeType } from './expiry.ts'
import { isThenable } from './snapshot.ts'

/**
 * Wraps a user's callback so that its failure does not change the result of the call. An exception or
 * rejection goes to `console.error`, and the wrapper returns `otherwise`.
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
      // The callback may be an async function. Nothing else handles its rejection.
      if (isThenable(answer)) answer.then(undefined, report)
      return answer
    } catch (thrown) {
      report(thrown)
      return otherwise
    }
  }
}

/** Thrown if the user's `clock` fails. It is not the adapter's failure, even if the adapter called the clock. */
export class ClockError extends TypeError {}

/**
 * Wraps a user's clock. Throws a `TypeError` if the clock fails or does not return a finite number: every
 * deadline would be wrong.
 */
export function checkedClock(clock: () => number): () => number {
  return () => {
    const now: unknown = readClock(clock)
    if (typeof now === 'number' && Number.isFinite(now)) return now
    throw new ClockError(`clock must return the time in epoch milliseconds: got ${describeType(now)}`)
  }
}

function readClock(clock: () => unknown): unknown {
  try {
    return clock()
  } catch (cause) {
    throw new ClockError('clock must return the time in epoch milliseconds: it threw an error, see cause', {
      cause,
    })
  }
}

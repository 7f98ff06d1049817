import { inWords, type Operation } from './history.ts'
import { type Candidate, search } from './search.ts'

/** A history without a linearization. */
export interface Violation {
  readonly key: string
  /**
   * The smallest set of operations that the search found. They contradict each other even if the other
   * operations on the key returned anything, at any time after their invocation, or never happened.
   */
  readonly culprits: readonly Operation[]
  /** All operations on the key up to the return that makes the history impossible. */
  readonly story: readonly Operation[]
}

/**
 * Returns the first key whose operations are not linearizable, or `undefined`. Every key must be empty at the
 * start. Keys are checked one by one: a history is linearizable if and only if the history of each key is
 * (Herlihy and Wing, 1990).
 */
export function findViolation(history: readonly Operation[]): Violation | undefined {
  for (const [key, operations] of Map.groupBy(history, ({ call }) => call.key)) {
    if (search(byInvocation(operations)) !== undefined) continue
    const story = shortestStory(byInvocation(operations))
    return { key, culprits: culpritsOf(story), story: story.filter(({ open }) => !open) }
  }
  return undefined
}

/** @throws {Error} If the history is not linearizable, with the smallest explanation. */
export function assertLinearizable(history: readonly Operation[]): void {
  const violation = findViolation(history)
  if (violation !== undefined) throw new Error(explain(violation))
}

export function explain({ key, culprits, story }: Violation): string {
  return [
    `Not linearizable: no order of these operations on ${JSON.stringify(key)} gives their answers, whatever the others did`,
    ...culprits.map(inWords),
    'All that had returned by then',
    ...story.map(inWords),
  ].join('\n  ')
}

/**
 * Cuts the history at the earliest return that no order explains. Operations that had not returned by then
 * are open.
 */
function shortestStory(operations: readonly Operation[]): readonly Candidate[] {
  for (const moment of operations.map(({ returned }) => returned).sort((a, b) => a - b)) {
    const story = operations
      .filter(({ invoked }) => invoked < moment)
      .map((operation) => (operation.returned > moment ? { ...operation, open: true } : operation))
    if (search(story) === undefined) return story
  }
  return operations
}

/** Opens one operation after another while the rest still contradict each other. */
function culpritsOf(story: readonly Candidate[]): readonly Operation[] {
  let left = story
  for (const operation of story) {
    if (operation.open) continue
    const without = left.map((other) => (other === operation ? { ...operation, open: true } : other))
    if (search(without, PATIENCE) === undefined) left = without
  }
  return left.filter(({ open }) => !open)
}

/** Open operations make the search slow, so it may give up. A longer explanation is still correct. */
const PATIENCE = 2_000

function byInvocation(operations: readonly Operation[]): readonly Operation[] {
  return [...operations].sort((a, b) => a.invoked - b.invoked)
}

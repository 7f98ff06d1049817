import { type Operation, text } from './history.ts'
import { emptyState, type State, step } from './specification.ts'

/**
 * An operation to be put in order. One that is `open` has not returned, or is taken as if it had not: it may have
 * happened at any moment after `invoked` or not at all, and whatever it answers is right.
 */
export type Candidate = Operation & { readonly open?: boolean }

/** How far an order has come. The operations done are bits, by their places. */
interface Position {
  readonly state: State
  readonly closed: bigint
  readonly open: bigint
  readonly last?: { readonly operation: Operation; readonly before: Position }
}

/**
 * Looks for an order of the operations, which come sorted by invocation, in which each answers what it did answer and
 * none comes before one that had returned when it was invoked. Wing and Gong's search, with Lowe's memory: what was
 * tried once, with the same operations done and the same state reached, is not tried again.
 *
 * `undefined` if there is no order; `'gave up'` after `patience` positions.
 */
export function search(
  operations: readonly Candidate[],
  patience = Number.POSITIVE_INFINITY,
): readonly Operation[] | undefined | 'gave up' {
  const start: Position = { state: emptyState(), closed: 0n, open: 0n }
  const isNew = memory()
  let seen = 0
  // Those with few open operations first: they spare all others that have used more to come to the same.
  for (let stack = [start], later: Position[] = []; stack.length > 0; [stack, later] = [later, []]) {
    for (let position = stack.pop(); position !== undefined; position = stack.pop()) {
      if (!isNew(position)) continue
      seen += 1
      if (seen > patience) return 'gave up'
      const next = candidates(operations, position)
      if (next === undefined) return orderTo(position)
      for (const [place, operation] of next) {
        const { answer, after } = step(position.state, operation.call)
        const bit = 1n << BigInt(place)
        const last = { operation, before: position }
        const { closed, open } = position
        if (operation.open) later.push({ state: after, closed, open: open | bit, last })
        else if (answer === operation.result) stack.push({ state: after, closed: closed | bit, open, last })
      }
    }
  }
  return undefined
}

/** What may come next, or `undefined` if nothing has to. */
function candidates(
  operations: readonly Candidate[],
  { closed, open }: Position,
): [number, Candidate][] | undefined {
  const done = closed | open
  const left = [...operations.entries()].filter(([place]) => (done & (1n << BigInt(place))) === 0n)
  // Whoever is invoked later comes after the one that returns then.
  const end = Math.min(...left.map(([, one]) => (one.open ? Number.POSITIVE_INFINITY : one.returned)))
  if (end === Number.POSITIVE_INFINITY) return undefined
  const alike = new Set<string>()
  return left.filter(([, operation]) => {
    if (operation.invoked >= end) return false
    if (!operation.open) return true
    // Of open calls that are the same, the first invoked can do for any.
    const call = text(operation.call)
    if (alike.has(call)) return false
    alike.add(call)
    return true
  })
}

/** Tells whether a position leads to anything that an earlier one has not led to, with no more open operations. */
function memory(): (position: Position) => boolean {
  const seen = new Map<string, bigint[]>()
  return ({ state, closed, open }) => {
    const name = `${closed} ${state.state()}`
    const used = seen.get(name) ?? []
    if (used.some((earlier) => (earlier & ~open) === 0n)) return false
    seen.set(name, [...used, open])
    return true
  }
}

function orderTo(position: Position): Operation[] {
  const order: Operation[] = []
  for (let { last } = position; last !== undefined; { last } = last.before) order.push(last.operation)
  return order.reverse()
}

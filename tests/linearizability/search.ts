import { type Operation, text } from './history.ts'
import { emptyState, type State, step } from './specification.ts'

/**
 * An operation to order. An `open` operation has not returned, or is treated that way: it may happen at any
 * time after `invoked` or never, and any answer is valid.
 */
export type Candidate = Operation & { readonly open?: boolean }

/** The state of a partial order. A bit marks each operation that is done. */
interface Position {
  readonly state: State
  readonly closed: bigint
  readonly open: bigint
  readonly last?: { readonly operation: Operation; readonly before: Position }
}

/**
 * Searches for an order of the operations, sorted by invocation. In a valid order each operation returns its
 * recorded answer, and none comes before one that had returned when it was invoked. Uses Wing and Gong's
 * search with Lowe's cache: a position with the same operations done and the same state is not tried again.
 *
 * Returns `undefined` if there is no order, and `'gave up'` after `patience` positions.
 */
export function search(
  operations: readonly Candidate[],
  patience = Number.POSITIVE_INFINITY,
): readonly Operation[] | undefined | 'gave up' {
  const start: Position = { state: emptyState(), closed: 0n, open: 0n }
  const isNew = memory()
  let seen = 0
  // Try positions with few open operations first. They rule out positions that used more.
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

/** The operations that may come next, or `undefined` if none has to. */
function candidates(
  operations: readonly Candidate[],
  { closed, open }: Position,
): [number, Candidate][] | undefined {
  const done = closed | open
  const left = [...operations.entries()].filter(([place]) => (done & (1n << BigInt(place))) === 0n)
  // Operations invoked later come after the one that returns then.
  const end = Math.min(...left.map(([, one]) => (one.open ? Number.POSITIVE_INFINITY : one.returned)))
  if (end === Number.POSITIVE_INFINITY) return undefined
  const alike = new Set<string>()
  return left.filter(([, operation]) => {
    if (operation.invoked >= end) return false
    if (!operation.open) return true
    // Among equal open calls, try only the first invoked.
    const call = text(operation.call)
    if (alike.has(call)) return false
    alike.add(call)
    return true
  })
}

/** Returns true if no earlier position covers this one with at most as many open operations. */
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

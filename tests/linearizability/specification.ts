import { Model, Refused } from '../model/model.ts'
import { type Call, text } from './history.ts'

/** The possible contents of a key: a state of the plain model, in which no time passes. */
export type State = Model

export function emptyState(): State {
  return new Model(() => 0)
}

/** The answer of a single call in a state, and the state after it. */
export function step(before: State, call: Call): { readonly answer: string; readonly after: State } {
  const after = before.copy()
  try {
    return { answer: text(run(after, call)), after }
  } catch (error) {
    if (error instanceof Refused) return { answer: error.message, after }
    throw error
  }
}

function run(model: Model, call: Call): unknown {
  const apply = (method: string, ...args: unknown[]): unknown =>
    model.apply({ cache: 0, method, args: [call.key, ...args] })
  switch (call.method) {
    case 'aset':
    case 'aadd':
      return apply(call.method, call.value, FOREVER)
    case 'aincr':
      return apply('aincr', call.delta, call.initial === null ? {} : { ...FOREVER, initial: call.initial })
    case 'alock':
      return apply('aadd', call.token, FOREVER)
    case 'release':
      return apply('aget', {}) === call.token && apply('adelete', {})
    default:
      return apply(call.method, {})
  }
}

const FOREVER = { timeout: null }

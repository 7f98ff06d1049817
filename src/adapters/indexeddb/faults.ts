import { guarded } from '../../core/callbacks.ts'
import { describeType } from '../../core/expiry.ts'

/** Reports a fault that does not change the result of a call. Never throws. */
export type Report = (what: string, cause: unknown) => void

/** Reports faults to the option `onFault`, each as an `Error` that says what failed and has the reason as its `cause`. */
export function reporter(onFault: ((fault: unknown) => void) | undefined): Report {
  checkFunction('onFault', onFault)
  const tell = guarded('onFault', onFault ?? warn, undefined)
  return (what, cause) => {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    tell(new Error(`${what}${why}`, { cause }))
  }
}

function warn(fault: unknown): void {
  console.warn('nearcache:', fault)
}

/** Throws a `TypeError` for an option that is given and not a function. */
export function checkFunction(name: string, given: unknown): void {
  if (given !== undefined && typeof given !== 'function')
    throw new TypeError(`${name} must be a function: got ${describeType(given)}`)
}

/** Calls a user's function. Calls `failed` if it throws or its promise rejects. */
export async function callGuarded(callback: () => unknown, failed: (error: unknown) => void): Promise<void> {
  try {
    await callback()
  } catch (error) {
    failed(error)
  }
}

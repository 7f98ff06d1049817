import { guarded } from '../../core/callbacks.ts'

/** Tells of a fault that changes no answer. Never throws. */
export type Report = (what: string, cause: unknown) => void

/**
 * Reports faults to the adapter's option `onFault`: each is an `Error` that says what failed, with the reason as its
 * `cause`. What an `onFault` throws itself goes to `console.error`, as with the callbacks of a cache.
 */
export function reporter(onFault: (fault: unknown) => void): Report {
  const tell = guarded('onFault', onFault, undefined)
  return (what, cause) => {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    tell(new Error(`${what}${why}`, { cause }))
  }
}

/** Calls a function of the user's at once. If it throws, or gives a promise that rejects, `failed` is called instead of throwing. */
export async function callGuarded(callback: () => unknown, failed: (error: unknown) => void): Promise<void> {
  try {
    await callback()
  } catch (error) {
    failed(error)
  }
}

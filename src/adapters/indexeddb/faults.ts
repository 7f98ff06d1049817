/** Tells of a fault that changes no answer. Never throws. */
export type Report = (what: string, cause: unknown) => void

/**
 * Reports faults to the adapter's option `onFault`: each is an `Error` that says what failed, with the reason as its
 * `cause`. An `onFault` that fails itself changes nothing.
 */
export function reporter(onFault: (fault: unknown) => void): Report {
  return (what, cause) => {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    guarded(
      () => onFault(new Error(`${what}${why}`, { cause })),
      () => {},
    )
  }
}

/** Calls a function of the user's at once. If it throws, or gives a promise that rejects, `failed` is called instead of throwing. */
export async function guarded(callback: () => unknown, failed: (error: unknown) => void): Promise<void> {
  try {
    await callback()
  } catch (error) {
    failed(error)
  }
}

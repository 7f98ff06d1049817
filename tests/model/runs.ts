import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** A factor for the number of random sequences: 1, or more for `npm run test:long`. */
    readonly modelRuns: number
  }
}

export function runs(usually: number): number {
  return usually * (inject('modelRuns') ?? 1)
}

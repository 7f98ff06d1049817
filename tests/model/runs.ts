import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** What the numbers of random sequences are multiplied by: 1, or more for `npm run test:long`. */
    readonly modelRuns: number
  }
}

export function runs(usually: number): number {
  return usually * (inject('modelRuns') ?? 1)
}

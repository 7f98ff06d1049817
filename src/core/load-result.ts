import type { Entry } from './adapter.ts'

/** How a load ended. Errors of the store are not in here: they reject. */
export type LoadResult =
  /** `entry` is `undefined` if the loader found nothing to cache. `isShared`: another process loaded it. */
  | { readonly entry: Entry | undefined; readonly isStored: boolean; readonly isShared: boolean }
  /** The loader failed. */
  | { readonly error: unknown }
  /** Another process is loading, and this load, which nobody waited for, has left it to that one. */
  | { readonly isLeftToOthers: true }

import type { Op, Outcome } from './adapter.ts'
import { isOpen } from './decide.ts'

/**
 * Which operations supersede a load of their key that is under way, so that its result is not stored: `true` = always, as an
 * invalidation (`delete` of a missing key is one); `false` = only when they were done.
 */
const ALWAYS_SUPERSEDES: Readonly<Record<Op['kind'], boolean>> = {
  set: true,
  delete: true,
  add: false,
  touch: false,
  incr: false,
  pop: false,
  release: false,
  move: false,
}

export function alwaysSupersedes(op: Op): boolean {
  return ALWAYS_SUPERSEDES[op.kind]
}

/** Whether a change supersedes loads, by its outcome. One that failed has none: it may have been done, and counts. */
export function hasSuperseded(op: Op, outcome: Outcome | undefined): boolean {
  return alwaysSupersedes(op) || outcome?.ok !== false
}

/** Whether the key may be missing after the change though it was there before: an `add` that follows it is then not refused. */
export function mayRemove(op: Op, now: number): boolean {
  switch (op.kind) {
    case 'pop':
    case 'release':
    case 'move':
      return true
    case 'touch':
      return !isOpen(op.expiresAt, now)
    default:
      return alwaysSupersedes(op)
  }
}

import type { Change, ClaimRequest } from '../../core/adapter.ts'

/**
 * The loads that an owner of an earlier version could not claim, while a deployment rolls out. Their values are stored as before claims
 * existed: only if nothing is stored meanwhile.
 */
export class UnclaimedLoads {
  /** By token, whether a live entry is to be replaced. */
  readonly #replacing = new Map<number, boolean>()

  add({ token, refresh }: ClaimRequest): void {
    this.#replacing.set(token, refresh !== undefined)
  }

  /** Returns the change in operations that such an owner knows. */
  translated(change: Change): Change {
    const { key, op } = change
    const isReplacing = 'token' in op ? this.#replacing.get(op.token) : undefined
    if (isReplacing === undefined || !('token' in op)) return change
    this.#replacing.delete(op.token)
    if ('entry' in op) return { key, op: { kind: isReplacing ? 'set' : 'add', entry: op.entry } }
    // There is nothing to end. It changes nothing.
    return { key, op: { kind: 'release', token: op.token } }
  }
}

/** True for the failure of a call to a method that the owner does not have. */
export function isMethodMissing(error: unknown): boolean {
  return error instanceof Error && /does not implement the method/.test(error.message)
}

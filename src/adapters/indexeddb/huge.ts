import { estimateBytes } from '../../core/bytes.ts'
import { toStore } from './causes.ts'
import { answered, isNamed } from './requests.ts'

/**
 * True for a value that the browser may refuse for its size alone. Chromium takes 133,169,152 bytes after encoding, where it
 * keeps databases in memory. It says so by a failed request, in the middle of `put` or later, and then aborts the
 * transaction; or, if `commit` was called, completes it without the value. So `commit` is not called with such values.
 */
export function isHuge(value: unknown): boolean {
  return estimateBytes(value, HUGE_BYTES) >= HUGE_BYTES
}

/** Far below what is refused, since the estimate may be far too low. */
const HUGE_BYTES = 2 ** 25

/** Tries whether the browser takes a value, and aborts the transaction: nothing is stored. */
export async function isTaken(transaction: IDBTransaction, value: unknown): Promise<boolean> {
  try {
    const request = transaction.objectStore('values').put(toStore(value), '')
    if (request.readyState !== 'done') await answered([request])
    // A connection that was lost says nothing of the value.
    return !request.error || isNamed(request.error, 'AbortError')
  } finally {
    abort(transaction)
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // The failed request has aborted it.
  }
}

import type { Entry } from '../../core/adapter.ts'
import type { Encoded, Stored } from './codec.ts'

/** What stands in a row for a large value: where in KV it is, under a name that was never used before and never will be. */
export interface BlobPointer {
  readonly name: string
  /** How to read its data. */
  readonly format: string
  readonly bytes: number
  /** Epoch milliseconds at which KV drops it; `null` = not by itself. */
  readonly until: number | null
  /** Epoch milliseconds at which it was put. */
  readonly at: number
}

const BLOB = 'blob'

export function pointTo(blob: BlobPointer): Encoded {
  return { format: BLOB, data: JSON.stringify(blob) }
}

export function isPointer(stored: Stored): stored is Encoded & { readonly data: string } {
  return typeof stored === 'object' && stored.format === BLOB && typeof stored.data === 'string'
}

/** What an encoded entry points to, if it does. */
export function blobOf(entry: Entry | undefined): BlobPointer | undefined {
  const stored = entry?.value as Stored | undefined
  return stored !== undefined && isPointer(stored) ? JSON.parse(stored.data) : undefined
}

import type { Entry } from '../../core/adapter.ts'
import type { Encoded, Stored } from './protocol.ts'

/** Stored in place of a large value: where in KV the value is. The name is never used again. */
export interface BlobPointer {
  readonly name: string
  /** The format of its data. */
  readonly format: string
  readonly bytes: number
  /** Epoch milliseconds at which KV drops it; `null` = never. */
  readonly until: number | null
  /** Epoch milliseconds at which it was written. */
  readonly at: number
}

const BLOB = 'blob'

export function pointTo(blob: BlobPointer): Encoded {
  return { format: BLOB, data: JSON.stringify(blob) }
}

function isPointer(stored: Stored): stored is Encoded & { readonly data: string } {
  return typeof stored === 'object' && stored.format === BLOB && typeof stored.data === 'string'
}

/** The pointer in an encoded entry, if it has one. */
export function blobOf(entry: Entry | undefined): BlobPointer | undefined {
  const stored = entry?.value as Stored | undefined
  return stored !== undefined && isPointer(stored) ? JSON.parse(stored.data) : undefined
}

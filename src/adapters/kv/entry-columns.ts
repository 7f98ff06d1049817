import type { Metadata } from '../../core/adapter.ts'
import { keptUntil, staleUntil } from '../../core/operations.ts'
import type { StoredEntry } from './protocol.ts'

/** An entry as its row has it. */
export interface EntryColumns {
  readonly format: string
  readonly value: number | string | ArrayBuffer | Uint8Array
  /** Until when the row is kept: later than the entry's own deadline, if it may be served stale. */
  readonly expires_at: number | null
  /** JSON; `null` for entries without metadata. */
  readonly metadata: string | null
}

type StoredMetadata = Metadata & { readonly freshUntil: number | null }

export function columnsOf(entry: StoredEntry): EntryColumns {
  const { value, expiresAt, metadata } = entry
  const stored: StoredMetadata | undefined = metadata && { ...metadata, freshUntil: expiresAt }
  return {
    format: typeof value === 'number' ? INTEGER : value.format,
    value: typeof value === 'number' ? value : value.data,
    expires_at: keptUntil(entry),
    metadata: stored === undefined ? null : JSON.stringify(stored),
  }
}

/** The entry of a row. */
export function entryOfColumns({ format, value, ...rest }: EntryColumns): StoredEntry {
  if (format === INTEGER) return { value: value as number, ...freshnessOf(rest) }
  const data = value instanceof ArrayBuffer ? new Uint8Array(value) : (value as string)
  return { value: { format, data }, ...freshnessOf(rest) }
}

/** The deadline and metadata of a row. */
export function freshnessOf({
  expires_at,
  metadata,
}: Pick<EntryColumns, 'expires_at' | 'metadata'>): Pick<StoredEntry, 'expiresAt' | 'metadata'> {
  if (metadata === null) return { expiresAt: expires_at }
  const { freshUntil, ...rest }: StoredMetadata = JSON.parse(metadata)
  const entry = { value: 0, expiresAt: freshUntil, metadata: rest }
  // An earlier version, deployed again for a while, replaces the other columns only.
  return staleUntil(entry) === expires_at
    ? { expiresAt: freshUntil, metadata: rest }
    : { expiresAt: expires_at }
}

const INTEGER = 'integer'

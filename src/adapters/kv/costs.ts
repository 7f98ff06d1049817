/** What an adapter has made the platform bill since it was made, in operations. */
export interface Costs {
  /** Keys read from KV: a read of many counts each. */
  readonly kvReads: number
  /** Values written to KV by this Worker: large ones, and all where there is no owner. */
  readonly kvWrites: number
  readonly kvDeletes: number
  /** Calls to Durable Objects. */
  readonly ownerCalls: number
  /** Rows of SQLite that those calls read and wrote. */
  readonly rowsRead: number
  readonly rowsWritten: number
}

/** The same, while it is being counted. */
export type Tally = { -readonly [Count in keyof Costs]: number }

export function newTally(): Tally {
  return { kvReads: 0, kvWrites: 0, kvDeletes: 0, ownerCalls: 0, rowsRead: 0, rowsWritten: 0 }
}

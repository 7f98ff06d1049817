import { BlobNames } from './blob-names.ts'
import { Entries } from './entries.ts'
import type { MeteredSql } from './metered-sql.ts'
import { OwnerClaims } from './owner-claims.ts'
import { Publisher } from './publisher.ts'
import { Settings } from './settings.ts'

/** The tables of an owner, and its memory of them. */
export class OwnerState {
  readonly #storage: DurableObjectStorage
  readonly #sql: MeteredSql
  readonly claims: OwnerClaims = new OwnerClaims()
  entries!: Entries
  settings!: Settings
  publisher!: Publisher
  blobs!: BlobNames

  constructor(storage: DurableObjectStorage, sql: MeteredSql) {
    this.#storage = storage
    this.#sql = sql
    this.#load()
  }

  /** Runs `work`, in a transaction if `'all'`. After a failure the memory is read again, since it may hold what was not stored. */
  store(bracket: 'all' | 'none', work: () => void): void {
    try {
      if (bracket === 'all') this.#storage.transactionSync(work)
      else work()
    } catch (error) {
      this.#load()
      throw error
    }
  }

  /** True if replicas or clears are still to be written to KV. */
  get isUnpublished(): boolean {
    return this.publisher.isDirty || this.settings.unannounced !== undefined
  }

  #load(): void {
    this.entries = new Entries(this.#sql)
    this.settings = new Settings(this.#sql)
    this.publisher = new Publisher(this.#sql, this.entries, this.settings)
    this.blobs = new BlobNames(this.#sql, this.entries)
  }
}

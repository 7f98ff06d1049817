import { DurableObject } from 'cloudflare:workers'
import { type EarlierState, packed, unpacked } from '../asking.ts'

/** The tables as commit 65ae32c had them, with what was in them. Never to be changed: there are objects that have it. */
export class CacheShard extends DurableObject {
  put({ entries, clears, copies, settings, blobs }: EarlierState['tables']): void {
    const { sql } = this.ctx.storage
    sql.exec(`CREATE TABLE entries (
      key TEXT PRIMARY KEY,
      expires_at INTEGER,
      generation INTEGER NOT NULL DEFAULT 0,
      format TEXT NOT NULL,
      value NOT NULL
    ) WITHOUT ROWID`)
    sql.exec(`CREATE TABLE clears (
      scope TEXT PRIMARY KEY,
      generation INTEGER NOT NULL,
      cleared_at INTEGER NOT NULL,
      swept INTEGER NOT NULL
    ) WITHOUT ROWID`)
    sql.exec(`CREATE TABLE copies (
      key TEXT PRIMARY KEY,
      until INTEGER NOT NULL,
      dirty INTEGER NOT NULL
    ) WITHOUT ROWID`)
    sql.exec('CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    sql.exec(`CREATE TABLE blobs (
      name TEXT PRIMARY KEY,
      key TEXT NOT NULL,
      noted_at INTEGER NOT NULL
    ) WITHOUT ROWID`)
    for (const row of entries) sql.exec('INSERT INTO entries VALUES (?, ?, ?, ?, ?)', ...row)
    for (const row of clears) sql.exec('INSERT INTO clears VALUES (?, ?, ?, ?)', ...row)
    for (const row of copies) sql.exec('INSERT INTO copies VALUES (?, ?, ?)', ...row)
    for (const row of settings) sql.exec('INSERT INTO settings VALUES (?, ?)', ...row)
    for (const row of blobs) sql.exec('INSERT INTO blobs VALUES (?, ?, ?)', ...row)
  }

  override async alarm(): Promise<void> {}
}

interface Bindings {
  readonly CACHE_KV: KVNamespace
  readonly CACHE_SHARDS: DurableObjectNamespace<CacheShard>
}

/** Puts the same state into each of the 8 objects of the cache `default`, and what KV had beside it. */
export default {
  async fetch(request, env) {
    const { tables, kv } = unpacked(await request.text()) as EarlierState
    for (let shard = 0; shard < 8; shard += 1) {
      await env.CACHE_SHARDS.getByName(`default/v1/8/${shard}`).put(tables)
    }
    for (const { key, value, metadata } of kv) await env.CACHE_KV.put(key, value, { metadata })
    return new Response(packed('stored'))
  },
} satisfies ExportedHandler<Bindings>

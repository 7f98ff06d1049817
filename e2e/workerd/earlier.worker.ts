import { DurableObject } from 'cloudflare:workers'
import { type EarlierRow, packed, unpacked } from '../asking.ts'

/** The table of the first layout, and nothing of what came after. Never to be changed: there are objects that have it. */
export class CacheShard extends DurableObject {
  put(rows: readonly EarlierRow[]): void {
    const { sql } = this.ctx.storage
    sql.exec(`CREATE TABLE IF NOT EXISTS entries (
      key TEXT PRIMARY KEY,
      format TEXT NOT NULL,
      value NOT NULL,
      expires_at INTEGER
    ) WITHOUT ROWID`)
    for (const { key, format, value, expiresAt } of rows) {
      sql.exec('INSERT INTO entries VALUES (?, ?, ?, ?)', key, format, value, expiresAt)
    }
    // What had a deadline came with an alarm: it is found too.
    void this.ctx.storage.setAlarm(Date.now() + 3_600_000)
  }

  override async alarm(): Promise<void> {}
}

interface Bindings {
  readonly CACHE_SHARDS: DurableObjectNamespace<CacheShard>
}

/** Puts the rows it is sent where they were put then, in the cache `default` with 8 objects. */
export default {
  async fetch(request, env) {
    const rows = unpacked(await request.text()) as EarlierRow[]
    for (const [shard, own] of Map.groupBy(rows, ({ key }) => shardOf(key))) {
      await env.CACHE_SHARDS.getByName(`default/v1/8/${shard}`).put(own)
    }
    return new Response(packed('stored'))
  },
} satisfies ExportedHandler<Bindings>

/** By the key without its version: all versions of a key are together. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (const unit of key.replace(/:\d+:/, '::')) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193)
  return (hash >>> 0) % 8
}

import { DurableObject } from 'cloudflare:workers'
import { CacheShard, kvAdapter } from '../src/adapters/kv/index.ts'
import { createCache } from '../src/index.ts'
export { CacheShard }
export class Bare extends DurableObject {
  constructor(s: any, e: any) { super(s, e); s.storage.sql.exec('CREATE TABLE IF NOT EXISTS c (key TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID') }
  shaped(req: any) { const n = this.increment(req.changes[0].key); return { outcomes: [{ ok: true, value: n }], stamp: 1, rows: { read: 1, written: 1 } } }
  tx(req: any) { return (this as any).ctx.storage.transactionSync(() => this.shaped(req)) }
  two(req: any) { return (this as any).ctx.storage.transactionSync(() => { const sql = (this as any).ctx.storage.sql; const [row] = sql.exec('SELECT n FROM c WHERE key = ?', req.changes[0].key); sql.exec('INSERT INTO c VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET n = excluded.n', req.changes[0].key, (row?.n ?? 0) + 1); return { outcomes: [{ ok: true, value: 1 }], stamp: 1, rows: { read: 1, written: 1 } } }) }
  twoNoTx(req: any) { const sql = (this as any).ctx.storage.sql; const [row] = sql.exec('SELECT n FROM c WHERE key = ?', req.changes[0].key); sql.exec('INSERT INTO c VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET n = excluded.n', req.changes[0].key, (row?.n ?? 0) + 1); return { outcomes: [{ ok: true, value: 1 }], stamp: 1, rows: { read: 1, written: 1 } } }
  increment(key: string) { return (this as any).ctx.storage.sql.exec('INSERT INTO c VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET n = n + 1 RETURNING n', key).one().n }
}
const rec: any = {}; for (let i = 0; i < 10; i++) rec['field' + i] = 'x'.repeat(90)
export default { async fetch(req: Request, env: any) {
  const [, what, n] = new URL(req.url).pathname.split('/')
  const N = Number(n)
  const adapter = kvAdapter({ kv: env.CACHE_KV, shards: env.CACHE_SHARDS, shardCount: 1 })
  const cache = createCache({ adapter })
  switch (what) {
    case 'prepare': await cache.aset('n', 0, null); await cache.aset('user', rec, null); await env.CACHE_KV.put('bare', JSON.stringify(rec), { metadata: { a: 1 } }); break
    case 'copied': await cache.aget('user'); return Response.json((await env.CACHE_KV.list()).keys.map((k: any) => k.name))
    case 'aincr': for (let i = 0; i < N; i++) await cache.aincr('n'); break
    case 'bare': { const s = env.BARE.getByName('x'); for (let i = 0; i < N; i++) await s.increment('n'); break }
    case 'shaped': case 'tx': case 'two': case 'twoNoTx': { const s = env.BARE.getByName('x'); for (let i = 0; i < N; i++) await s[what]({ changes: [{ key: ':1:n', op: { kind: 'incr', delta: 1 } }], now: 1 }); break }
    case 'owner': { const s = env.CACHE_SHARDS.getByName('default/v1/1/0'); for (let i = 0; i < N; i++) await s.commit({ changes: [{ key: ':1:n', op: { kind: 'incr', delta: 1 } }], now: 1 }); break }
    case 'newstub': { for (let i = 0; i < N; i++) await env.BARE.getByName('x').increment('n'); break }
    case 'kvonly': for (let i = 0; i < N; i++) { await env.CACHE_KV.getWithMetadata('bare', { type: 'text', cacheTtl: 60 }) } break
    case 'kvcopy': for (let i = 0; i < N; i++) { const { value } = await env.CACHE_KV.getWithMetadata('default/v1/1/:1:user', { type: 'text', cacheTtl: 60 }); JSON.parse(value) } break
    case 'aincrs': await Promise.all(Array.from({ length: N }, () => cache.aincr('n'))); break
    case 'bares': { const s = env.BARE.getByName('x'); await Promise.all(Array.from({ length: N }, () => s.increment('n'))); break }
    case 'near': for (let i = 0; i < N; i++) await cache.aget('user'); return Response.json(adapter.costs())
    case 'kv': for (let i = 0; i < N; i++) { const { value } = await env.CACHE_KV.getWithMetadata('bare', { type: 'text', cacheTtl: 60 }); JSON.parse(value) } break
  }
  return new Response('ok')
} }

import { chromium } from 'playwright'
import { createServer } from 'node:http'
import { mkdtempSync } from 'node:fs'
const server = createServer((q, r) => { r.setHeader('content-type', 'text/html'); r.end('<!doctype html>') }).listen(0)
const ctx = await chromium.launchPersistentContext(mkdtempSync('/tmp/mbidb-'), { executablePath: '/usr/bin/chromium', headless: true })
const page = await ctx.newPage()
await page.goto(`http://localhost:${server.address().port}/`)
console.table(await page.evaluate(async () => {
  const req = (r) => new Promise((y, n) => { r.onsuccess = () => y(r.result); r.onerror = () => n(r.error) })
  const open = indexedDB.open('x', 1)
  open.onupgradeneeded = () => { for (const s of ['a', 'b']) open.result.createObjectStore(s); open.transaction.objectStore('a').createIndex('expiresAt', 'expiresAt') }
  const db = await req(open)
  const done = (t) => new Promise((y, n) => { t.oncomplete = y; t.onabort = () => n(t.error) })
  const out = []
  for (const kb of [32, 64, 128, 256, 512, 1024]) {
    const rec = {}; for (let i = 0; i < 10; i++) rec['field' + i] = 'x'.repeat(90)
    const value = Array.from({ length: kb }, () => ({ ...rec }))
    const N = 8
    const row = {}
    const put = async (inline) => { for (let i = 0; i < N; i++) { const t = db.transaction(['a', 'b'], 'readwrite', { durability: 'relaxed' }); if (inline) t.objectStore('a').put({ value, expiresAt: 1e12 + i }, 'i' + i); else { t.objectStore('a').put({ large: true, expiresAt: 1e12 + i }, 'l' + i); t.objectStore('b').put({ value }, 'l' + i) } ; t.commit(); await done(t) } }
    const ops = {
      setIn: () => put(true), setAp: () => put(false),
      getIn: async () => { for (let i = 0; i < N; i++) await req(db.transaction(['a', 'b'], 'readonly').objectStore('a').get('i' + i)) },
      getAp: async () => { for (let i = 0; i < N; i++) { const t = db.transaction(['a', 'b'], 'readonly'); await req(t.objectStore('a').get('l' + i)); await req(t.objectStore('b').get('l' + i)) } },
      touchIn: async () => { for (let i = 0; i < N; i++) { const t = db.transaction(['a', 'b'], 'readwrite', { durability: 'relaxed' }); const e = await req(t.objectStore('a').get('i' + i)); t.objectStore('a').put({ ...e, expiresAt: e.expiresAt + 1 }, 'i' + i); t.commit(); await done(t) } },
      touchAp: async () => { for (let i = 0; i < N; i++) { const t = db.transaction(['a', 'b'], 'readwrite', { durability: 'relaxed' }); const e = await req(t.objectStore('a').get('l' + i)); t.objectStore('a').put({ ...e, expiresAt: e.expiresAt + 1 }, 'l' + i); t.commit(); await done(t) } },
    }
    await put(true); await put(false)
    const times = {}
    for (let round = 0; round < 12; round++) for (const [n, f] of Object.entries(ops).sort(() => Math.random() - .5)) { await new Promise((y) => setTimeout(y, 5)); const t = performance.now(); await f(); (times[n] ??= []).push((performance.now() - t) * 1000 / N) }
    const m = Object.fromEntries(Object.entries(times).map(([n, v]) => [n, Math.round(v.slice(2).sort((a, b) => a - b)[5])]))
    out.push({ kb, ...m })
  }
  return out
}))
await ctx.close(); server.close()

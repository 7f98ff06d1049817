import { chromium } from 'playwright'
import { createServer } from 'node:http'
import { mkdtempSync } from 'node:fs'
const server = createServer((q, r) => { r.setHeader('content-type', 'text/html'); r.end('<!doctype html>') }).listen(0)
const ctx = await chromium.launchPersistentContext(mkdtempSync('/tmp/mbidb-'), { executablePath: '/usr/bin/chromium', headless: true })
const page = await ctx.newPage()
await page.goto(`http://localhost:${server.address().port}/`)
console.log(await page.evaluate(async () => {
  const req = (r) => new Promise((y, n) => { r.onsuccess = () => y(r.result); r.onerror = () => n(r.error) })
  const open = indexedDB.open('x', 1)
  open.onupgradeneeded = () => { for (const s of ['a', 'b', 'c']) open.result.createObjectStore(s); open.transaction.objectStore('a').createIndex('expiresAt', 'expiresAt') }
  const db = await req(open)
  const rec = {}; for (let i = 0; i < 10; i++) rec['field' + i] = 'x'.repeat(90)
  const tx = db.transaction(['a', 'b'], 'readwrite'); for (let i = 0; i < 100; i++) { tx.objectStore('a').put({ value: rec, expiresAt: Date.now() + 1e6 }, 'k' + i); tx.objectStore('b').put(rec, 'k' + i) }
  await new Promise((y) => { tx.oncomplete = y })
  const variants = {
    raw: (k) => req(db.transaction('b', 'readonly', { durability: 'relaxed' }).objectStore('b').get(k)),
    rawEntry: (k) => req(db.transaction('a', 'readonly', { durability: 'relaxed' }).objectStore('a').get(k)),
    two: (k) => req(db.transaction(['a', 'c'], 'readonly', { durability: 'relaxed' }).objectStore('a').get(k)),
    twoCommit: (k) => { const t = db.transaction(['a', 'c'], 'readonly', { durability: 'relaxed' }); const r = req(t.objectStore('a').get(k)); t.commit(); return r },
    rawCommit: (k) => { const t = db.transaction(['b'], 'readonly', { durability: 'relaxed' }); const r = req(t.objectStore('b').get(k)); t.commit(); return r },
    entryCommit: (k) => { const t = db.transaction(['a'], 'readonly', { durability: 'relaxed' }); const r = req(t.objectStore('a').get(k)); t.commit(); return r },
    listener: (k) => { const t = db.transaction(['a'], 'readonly', { durability: 'relaxed' }); t.addEventListener('abort', () => {}); return req(t.objectStore('a').get(k)) },
    micro: async (k) => { await 0; const r = await req(db.transaction(['a'], 'readonly', { durability: 'relaxed' }).objectStore('a').get(k)); await 0; await 0; return r },
  }
  const times = {}
  for (let round = 0; round < 25; round++) for (const [n, f] of Object.entries(variants).sort(() => Math.random() - .5)) {
    await new Promise((y) => setTimeout(y, 5))
    const t = performance.now(); for (let i = 0; i < 100; i++) await f('k' + i)
    ;(times[n] ??= []).push((performance.now() - t) * 10)
  }
  return Object.fromEntries(Object.entries(times).map(([n, v]) => [n, v.slice(3).sort((a, b) => a - b)[11]]))
}))
await ctx.close(); server.close()

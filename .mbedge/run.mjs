import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
const { outputFiles } = await build({ entryPoints: ['.mbedge/worker.ts'], bundle: true, format: 'esm', write: false, external: ['cloudflare:workers'] })
const script = outputFiles[0].text
const w = (name) => ({ name, modules: true, script, compatibilityDate: '2026-08-01', kvNamespaces: { CACHE_KV: 'c' }, durableObjects: { CACHE_SHARDS: { className: 'CacheShard', scriptName: 'one', useSQLite: true }, BARE: { className: 'Bare', scriptName: 'one', useSQLite: true } } })
const mf = new Miniflare(convertV4MiniflareOptions({ workers: [w('one'), w('two')] }))
await mf.ready
const one = await mf.getWorker('one'), two = await mf.getWorker('two')
const ask = async (w, p) => { const r = await w.fetch('http://x/' + p); return r.text() }
await ask(one, 'prepare')
for (;;) { const l = await ask(two, 'copied'); if (l.includes(':1:user')) break; await new Promise((y) => setTimeout(y, 300)) }
// a third isolate with no memory of an absent copy is needed: wait for it through one
const time = async (w, p) => { const t = performance.now(); await ask(w, p); return performance.now() - t }
const N = 200
const tasks = { shaped: `shaped/${N}`, tx: `tx/${N}`, two: `two/${N}`, twoNoTx: `twoNoTx/${N}`, owner: `owner/${N}`, newstub: `newstub/${N}`, kvcopy: `kvcopy/${N}`,  empty: 'nothing/0', aincr: `aincr/${N}`, bare: `bare/${N}`, kv: `kv/${N}`, near: `near/${N}` }
const times = {}
const t0 = Date.now()
console.log(await ask(one, 'near/1'), await ask(two, 'near/1'))
const reader = process.argv[2] === 'wait' ? two : two
if (process.argv[2] === 'wait') while (Date.now() - t0 < 61000) await new Promise((y) => setTimeout(y, 1000))
console.log(await ask(reader, 'near/1'))
for (let r = 0; r < 15; r++) for (const [n, p] of Object.entries(tasks).sort(() => Math.random() - .5)) (times[n] ??= []).push(await time(reader, p))
const med = (n) => times[n].slice(3).sort((a, b) => a - b)[6]
for (const n of Object.keys(tasks)) console.log(n, med(n).toFixed(2))
const e = med('empty')
console.log('aincr/bare', ((med('aincr') - e) / (med('bare') - e)).toFixed(2), 'near/kv', ((med('near') - e) / (med('kv') - e)).toFixed(2))
await mf.dispose()

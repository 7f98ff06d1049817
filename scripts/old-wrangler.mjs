// node scripts/old-wrangler.mjs 4.30.0 …: runs a Worker with this package under these versions of wrangler.
// Each is installed into a temporary folder. Needs the network and about 20 seconds a version. docs/edge.md
// names the oldest version that passes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodePath, root, run, toolEnvironment } from './setup.mjs'

const COMPATIBILITY_DATE = '2024-04-03'

const WORKER = `
import { createCache } from 'nearcache'
import { CacheShard } from 'nearcache/cache-shard'
import { kvAdapter, kvOnlyAdapter } from 'nearcache/kv'

export { CacheShard }

export default {
  async fetch(request, env) {
    const large = 'x'.repeat(300_000)
    const passed = []
    for (const bindings of [
      { kv: env.CACHE_KV, shards: env.CACHE_SHARDS },
      { kv: env.CACHE_KV, shards: env.CACHE_SHARDS, cacheTtl: 30 },
      { shards: env.CACHE_SHARDS, locationHint: 'weur' },
      { kv: env.CACHE_KV },
    ]) {
      const make = bindings.shards ? kvAdapter : kvOnlyAdapter
      const adapter = make({ ...bindings, name: crypto.randomUUID() })
      const check = async (cache) => {
        await cache.aset('key', { value: 1 })
        await cache.aset('immortal', 'x', null)
        await cache.aset('large', large)
        if (bindings.kv) await cache.aset('large and immortal', large, null)
        await cache.asetMany({ a: 1, b: new Date(0) })
        const [key, found, many, absent] = await Promise.all([
          cache.aget('key'),
          cache.aget('large'),
          cache.agetMany(['a', 'b', 'large', 'none']),
          cache.aget('absent'),
        ])
        if (key.value !== 1 || found !== large || many.size !== 3 || absent !== undefined) throw new Error('wrong')
        await cache.adelete('key')
        if (!bindings.shards) return
        if ((await cache.aincr('n', 1, { initial: 0 })) !== 1) throw new Error('wrong count')
        if ((await cache.agetOrSet('loaded', () => 'yes')) !== 'yes') throw new Error('wrong load')
        await cache.aclear()
        if ((await cache.aget('large')) !== undefined) throw new Error('not cleared')
      }
      await check(createCache({ adapter }))
      passed.push(Object.keys(bindings).join(' and '))
    }
    return Response.json(passed)
  },
}
`

const CONFIGURATION = `
name = "old-wrangler"
main = "worker.js"
compatibility_date = "${COMPATIBILITY_DATE}"
send_metrics = false

[[kv_namespaces]]
binding = "CACHE_KV"
id = "00000000000000000000000000000000"

[[durable_objects.bindings]]
name = "CACHE_SHARDS"
class_name = "CacheShard"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["CacheShard"]
`

/**
 * @param {string} tarball
 * @param {string} version
 */
async function check(tarball, version) {
  const folder = mkdtempSync(join(tmpdir(), `nearcache-wrangler-${version}-`))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  writeFileSync(join(folder, 'worker.js'), WORKER)
  writeFileSync(join(folder, 'wrangler.toml'), CONFIGURATION)
  try {
    const installed = run('npm', [
      'install',
      '--prefix',
      folder,
      '--no-audit',
      '--no-fund',
      '--silent',
      `wrangler@${version}`,
      tarball,
    ])
    if (installed.status !== 0) return 'could not be installed'
    return await answerOf(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder */
async function answerOf(folder) {
  const wrangler = join(folder, 'node_modules/wrangler/bin/wrangler.js')
  const server = spawn(nodePath(), [wrangler, 'dev', '--ip=127.0.0.1', '--port=0'], {
    cwd: folder,
    env: { ...toolEnvironment(), NO_COLOR: '1', WRANGLER_SEND_METRICS: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const closed = once(server, 'close')
  let output = ''
  try {
    const url = await new Promise((resolve, reject) => {
      const listen = (/** @type {Buffer} */ text) => {
        output += text
        const [ready] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
        if (ready !== undefined && output.includes('Ready on')) resolve(ready)
      }
      server.stdout.on('data', listen)
      server.stderr.on('data', listen)
      setTimeout(() => reject(new Error(`wrangler did not start:\n${output}`)), 60_000).unref()
      server.once('close', () => reject(new Error(`wrangler ended:\n${output}`)))
    })
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
    const text = await response.text()
    return response.ok ? `passed: ${text}` : `FAILED: ${text.slice(0, 500)}`
  } catch (error) {
    return `FAILED: ${error}`
  } finally {
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGKILL')
    await closed
  }
}

const versions = process.argv.slice(2)
const scratch = mkdtempSync(join(tmpdir(), 'nearcache-pack-'))
run('npm', ['pack', '--silent', '--pack-destination', scratch], toolEnvironment())
const tarball = join(scratch, readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? '')
for (const version of versions) console.log(`wrangler ${version}: ${await check(tarball, version)}`)
rmSync(scratch, { recursive: true, force: true })
console.log(`From ${root}, compatibility_date ${COMPATIBILITY_DATE}`)

// Builds the demo's page and serves it with its Worker.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root, run } from './setup.mjs'
import { READY, wranglerDev } from './wrangler.mjs'

const built = run(process.execPath, [join(root, 'examples', 'countries', 'build.mjs')])
if (built.status !== 0) process.exit(1)

const { args, env } = wranglerDev('--port', process.env['PORT'] || (await freePort()))
const server = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
createInterface(server.stdout).on('line', (line) => {
  console.log(line)
  const url = READY.exec(`${line}\n`)?.[1]
  if (url !== undefined) console.log(`\n  The demo is at ${url} (press Ctrl+C to stop)\n`)
})
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => server.kill(signal))
}
server.on('exit', (code) => {
  process.exitCode = code ?? 0
})

/** Wrangler's default port, or `0` (any port) if it is in use. */
async function freePort() {
  const probe = createServer().listen(8787, 'localhost')
  try {
    await once(probe, 'listening')
  } catch {
    return '0'
  }
  probe.close()
  await once(probe, 'close')
  return '8787'
}

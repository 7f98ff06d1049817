// Builds the demo's page and serves it with its Worker.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root, run } from './setup.mjs'
import { READY, wranglerDev } from './wrangler.mjs'

const built = run(process.execPath, [join(root, 'examples', 'countries', 'build.mjs')])
if (built.status !== 0) process.exit(1)

const { args, env } = wranglerDev('--port', process.env['PORT'] ?? '8787')
const server = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
createInterface(server.stdout).on('line', (line) => {
  console.log(line)
  const url = READY.exec(`${line}\n`)?.[1]
  if (url !== undefined) console.log(`\n  The demo is at ${url} (Ctrl+C ends it)\n`)
})
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => server.kill(signal))
}
server.on('exit', (code) => {
  process.exitCode = code ?? 0
})

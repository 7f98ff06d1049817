// npm start: the demo. Its tools need a newer Node than the user may have, hence the second script.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureDependencies, nodePath, root, toolEnvironment } from './setup.mjs'

ensureDependencies()
const demo = spawn(nodePath(), [join(root, 'scripts', 'demo.mjs')], {
  cwd: root,
  env: toolEnvironment(),
  stdio: ['ignore', 'inherit', 'inherit'],
})
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => demo.kill(signal))
}
demo.on('exit', (code) => {
  process.exitCode = code ?? 0
})

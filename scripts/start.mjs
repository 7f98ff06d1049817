// npm start: runs the demo. Its tools may need a newer Node than the user's, so a second script starts them.
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
// Killing npm by its pid ends npm and its shell, but the shell passes no signal on. Watch the parent and exit
// with it.
const parent = process.ppid
const watchParent = () => {
  if (process.ppid !== parent) demo.kill()
}
const watch = process.env['npm_lifecycle_event'] === 'start' ? setInterval(watchParent, 500) : undefined

demo.on('exit', (code) => {
  clearInterval(watch)
  process.exitCode = code ?? 0
})

// npm run bench:freshness. Plain JavaScript, as scripts/setup.mjs is: it runs on whatever Node the user has, and starts
// the rest on the project's own.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureDependencies, nodePath, toolEnvironment } from '../../scripts/setup.mjs'

ensureDependencies()
const main = fileURLToPath(new URL('main.ts', import.meta.url))
const { status } = spawnSync(nodePath(), [main, ...process.argv.slice(2)], {
  env: toolEnvironment(),
  stdio: 'inherit',
})
process.exitCode = status ?? 1

// npm run bench:indexeddb. Plain JavaScript, as scripts/setup.mjs is: it runs on whatever Node the user has, and starts
// the rest on the project's own.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureBrowser, ensureDependencies, nodePath, toolEnvironment } from '../../scripts/setup.mjs'
import { ensurePeers } from '../peers.mjs'

ensureDependencies()
ensurePeers()
const chromium = await ensureBrowser()
const main = fileURLToPath(new URL('main.ts', import.meta.url))
const { status } = spawnSync(nodePath(), [main, ...process.argv.slice(2)], {
  env: { ...toolEnvironment(), NEARCACHE_CHROMIUM: chromium },
  stdio: 'inherit',
})
process.exitCode = status ?? 1

// npm run bench:indexeddb-layouts. Plain JavaScript, as scripts/setup.mjs is: it runs on whatever Node the user has.
import { fileURLToPath } from 'node:url'
import { ensureBrowser, ensureDependencies, nodePath, run, toolEnvironment } from '../../../scripts/setup.mjs'

ensureDependencies()
const env = { ...toolEnvironment(), NEARCACHE_CHROMIUM: await ensureBrowser() }
const { status } = run(
  nodePath(),
  [fileURLToPath(new URL('main.ts', import.meta.url)), ...process.argv.slice(2)],
  env,
)
process.exitCode = status ?? 1

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const inBench = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))

/** The peers are nobody's dependency but the benchmark's: they have a package.json and a lock of their own. */
export function ensurePeers() {
  const stamp = inBench('node_modules/.nearcache-lock')
  const lock = createHash('sha256')
    .update(readFileSync(inBench('package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.log('Installing the peers of bench/package-lock.json …')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  // npm is a .cmd on Windows, which only a shell can start.
  const shell = process.platform === 'win32'
  const installed = spawnSync('npm', args, {
    cwd: inBench('.'),
    shell,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (installed.status !== 0) throw new Error('npm ci failed in bench: see its message above')
  writeFileSync(stamp, lock)
}
